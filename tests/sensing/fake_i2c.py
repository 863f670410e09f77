"""A small register-level I2C bus with the two IMUs, as strict as the drivers need it.

Written from the datasheets, apart from the virtual bench's models. Plain Python, so that it also
runs on MicroPython.
"""

EIO = 5


class FakeImu:
    """A register file with auto-increment, a software reset, and noise-like live data."""

    def __init__(self, who: int, who_register: int, defaults: dict, data_register: int) -> None:
        self.who_register = who_register
        self.who = who
        self.defaults = defaults
        self.data_register = data_register
        self.registers = bytearray(128)
        self.data = bytearray(14)
        self.live = True
        self.count = 0
        self.keeps = True
        self.power_on()

    def power_on(self) -> None:
        for index in range(128):
            self.registers[index] = 0
        for register, value in self.defaults.items():
            self.registers[register] = value
        self.registers[self.who_register] = self.who

    def awake(self) -> bool:
        raise NotImplementedError

    def noisy_bytes(self) -> tuple:
        """Indexes into the data of one low byte of rate and one of acceleration, in any order."""
        raise NotImplementedError

    def set(self, accel, gyro, temperature: int = 0) -> None:
        """Show these raw counts."""
        raise NotImplementedError

    def read_into(self, register: int, buffer) -> None:
        if register == self.data_register and self.awake() and self.live:
            self.count += 1
            for index in self.noisy_bytes():
                self.data[index] ^= 1 + (self.count & 1)
        for index in range(len(buffer)):
            at = register + index
            if self.data_register <= at < self.data_register + 14:
                buffer[index] = self.data[at - self.data_register] if self.awake() else 0
            else:
                buffer[index] = self.registers[at]

    def write(self, register: int, data) -> None:
        for index in range(len(data)):
            self.write_register(register + index, data[index])

    def write_register(self, register: int, value: int) -> None:
        if self.keeps:
            self.registers[register] = value


class FakeLsm6dsox(FakeImu):
    """Data little-endian: temperature, gyroscope, accelerometer."""

    def __init__(self) -> None:
        super().__init__(0x6C, 0x0F, {0x12: 0x04, 0x18: 0xE0}, 0x20)

    def awake(self) -> bool:
        return self.registers[0x10] >> 4 != 0 and self.registers[0x11] >> 4 != 0

    def noisy_bytes(self) -> tuple:
        return 2, 8

    def write_register(self, register: int, value: int) -> None:
        if register == 0x12 and value & 1:
            self.power_on()
        else:
            super().write_register(register, value)

    def set(self, accel, gyro, temperature: int = 0) -> None:
        words = [temperature]
        words.extend(gyro)
        words.extend(accel)
        for index, value in enumerate(words):
            self.data[2 * index] = value & 0xFF
            self.data[2 * index + 1] = value >> 8 & 0xFF


class FakeMpu6050(FakeImu):
    """Data big-endian: accelerometer, temperature, gyroscope. Sleeps after power-on."""

    def __init__(self) -> None:
        super().__init__(0x68, 0x75, {0x6B: 0x40}, 0x3B)

    def awake(self) -> bool:
        return not self.registers[0x6B] & 0x40

    def noisy_bytes(self) -> tuple:
        return 1, 9

    def write_register(self, register: int, value: int) -> None:
        if register == 0x6B and value & 0x80:
            self.power_on()
        else:
            super().write_register(register, value)

    def set(self, accel, gyro, temperature: int = 0) -> None:
        words = list(accel)
        words.append(temperature)
        words.extend(gyro)
        for index, value in enumerate(words):
            self.data[2 * index] = value >> 8 & 0xFF
            self.data[2 * index + 1] = value & 0xFF


class FakeI2c:
    """What the drivers use of machine.I2C; `nack` makes every transfer fail."""

    def __init__(self, devices: dict) -> None:
        self.devices = devices
        self.nack = False
        self.transfers = 0
        self._error = OSError(EIO)

    def _device(self, address: int):
        self.transfers += 1
        if self.nack or address not in self.devices:
            raise self._error
        return self.devices[address]

    def readfrom_mem_into(self, address: int, register: int, buffer) -> None:
        self._device(address).read_into(register, buffer)

    def readfrom_mem(self, address: int, register: int, length: int) -> bytes:
        buffer = bytearray(length)
        self._device(address).read_into(register, buffer)
        return bytes(buffer)

    def writeto_mem(self, address: int, register: int, data) -> None:
        self._device(address).write(register, data)
