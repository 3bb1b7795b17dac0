"""What every pure core is written on: values and their arithmetic. Knows the wire, and nothing else of ours."""
