"""What the bench told this device at boot; filled by the boot script before anything else."""

values = {}
