"""Virtual machines that libvirt creates with QEMU, on this host or another one."""
