"""Virtual machines that libvirt makes with QEMU, on this host or another one."""
