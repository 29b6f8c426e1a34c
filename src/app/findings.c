// SPDX-License-Identifier: MIT
/* findings.c — what each cause means, and what to do about it */
#include "mqttnode/findings.h"

#include "mqttnode/cleanup.h"

/* clang-format off */
static const struct finding_advice advice[] = {
	[CAUSE_NONE] = {
		"This rung of the ladder is not all right.",
		"Look at the daemon's messages: journalctl -u mqttnode." },

	/* --- the configuration --- */
	[CAUSE_CONFIG_MISSING] = {
		"There is no configuration to work with.",
		"Copy the commented example that comes with mqttnode to that place, and "
		"set mqtt.host in it; or name another file with -c." },
	[CAUSE_CONFIG_UNREADABLE] = {
		"The file is there, but this user may not read it.",
		"Run doctor as root (sudo mqttnode doctor). The daemon reads it as "
		"group mqttnode: chgrp mqttnode FILE; chmod 640 FILE." },
	[CAUSE_CONFIG_INVALID] = {
		"The daemon does not start with a configuration that has errors.",
		"Mend each line that is named; \"mqttnode check\" tells when all is "
		"well." },
	[CAUSE_FILE_MISSING] = {
		"A password, key or certificate that the configuration names is not there.",
		"Put the file there, or correct the path. What systemd passes to the service "
		"(LoadCredential=) the service alone has: start it, and ask again." },
	[CAUSE_FILE_UNSUITABLE] = {
		"A file that the configuration names does not hold what it should.",
		"Certificates and keys are text that begins with -----BEGIN (PEM); a file with "
		"a password has one line." },
	[CAUSE_HOST_NOT_SET] = {
		"mqttnode talks to nobody until you say who: the service is skipped.",
		"Set mqtt.host to the name or address of your broker, then systemctl "
		"restart mqttnode." },

	/* --- the SPI bus --- */
	[CAUSE_SPI_ABSENT] = {
		"Linux does not offer the SPI bus: it is not switched on.",
		"Raspberry Pi: add the line dtparam=spi=on to /boot/firmware/config.txt "
		"and reboot (or use raspi-config, Interface Options)." },
	[CAUSE_SPI_OTHER_SELECT] = {
		"SPI is on, but the configured device is not there: another chip "
		"select, or another bus.",
		"Set ethernet.spi to the node that exists. On a Raspberry Pi CS on CE0 "
		"(pin 24) is /dev/spidev0.0, on CE1 (pin 26) /dev/spidev0.1." },
	[CAUSE_SPI_KERNEL_DRIVER] = {
		"A driver of the kernel has the device for itself.",
		"Remove its dtoverlay= line from /boot/firmware/config.txt (for this "
		"chip: dtoverlay=w5500) and reboot." },
	[CAUSE_SPI_NO_DRIVER] = {
		"The device is known, but no driver makes a node of it.",
		"Run as root: modprobe spidev." },
	[CAUSE_SPI_NOT_PERMITTED] = {
		"The node is there, but the user that runs mqttnode may not open it.",
		"Run as root: adduser mqttnode spi; then systemctl restart mqttnode. By "
		"hand, run mqttnode as root." },
	[CAUSE_SPI_BUSY] = {
		"Another program drives the chip: two would destroy each other's work.",
		"\"fuser -v\" on the node names it. Stop it; several nodes need a "
		"device each." },
	[CAUSE_SPI_UNSUITABLE] = {
		"What ethernet.spi names is something else than an SPI device.",
		"Set ethernet.spi to a node that \"ls /dev/spidev*\" lists." },
	[CAUSE_SPI_REFUSES] = {
		"The controller cannot do SPI mode 0, or not at this clock.",
		"Set ethernet.spi_speed_hz to a usual value, such as 20000000." },
	[CAUSE_SPI_GONE] = {
		"The controller's driver was removed while it was in use.",
		"Plug the adapter in again, or reboot; \"dmesg\" tells why." },
	[CAUSE_SPI_TOO_SMALL] = {
		"Linux takes too few bytes in one transfer for this chip.",
		"Add spidev.bufsiz=32768 to the line in /boot/firmware/cmdline.txt and "
		"reboot." },
	[CAUSE_SPI_TIMEOUT] = {
		"The SPI controller itself hangs; this is not the fault of the wires.",
		"Update the system (apt full-upgrade) and reboot: early kernels of the "
		"Pi 5 had this fault with long transfers. Until then set "
		"ethernet.spi_max_transfer = 64." },
	[CAUSE_SPI_ERROR] = {
		"The SPI bus of Linux reports an error.",
		"\"dmesg\" tells more about it." },
	[CAUSE_SPI_SMALL_BUFFER] = {
		"All works; Linux has its usual small SPI buffer, which costs speed "
		"under load.",
		"/usr/lib/modprobe.d/mqttnode.conf raises it at the next boot. If "
		"spidev is built into the kernel, add spidev.bufsiz=32768 to the line "
		"in /boot/firmware/cmdline.txt." },

	/* --- GPIO lines --- */
	[CAUSE_GPIO_ABSENT] = {
		"Linux offers no GPIO lines at all here: no /dev/gpiochip0.",
		"Is this the right machine? Without lines set ethernet.interrupt = \"\" "
		"and ethernet.reset = \"\": it works without them, but slower." },
	[CAUSE_GPIO_UNKNOWN] = {
		"No line of this machine has that name.",
		"\"gpioinfo\" (package gpiod) lists the names. On a Raspberry Pi pin 22 "
		"is \"GPIO25\" and pin 18 \"GPIO24\"; or write chip and number, "
		"gpiochip0:25." },
	[CAUSE_GPIO_AMBIGUOUS] = {
		"Two chips have a line of that name.",
		"Write chip and number instead, as gpiochip0:25." },
	[CAUSE_GPIO_BUSY] = {
		"Another program or a driver of the kernel uses that line.",
		"Stop it, or wire another pin and name that in ethernet.interrupt or "
		"ethernet.reset. A dtoverlay= line in /boot/firmware/config.txt may "
		"have it." },
	[CAUSE_GPIO_NOT_PERMITTED] = {
		"The user that runs mqttnode may not use the GPIO lines.",
		"Run as root: adduser mqttnode gpio; then systemctl restart mqttnode. "
		"By hand, run mqttnode as root." },
	[CAUSE_GPIO_INVALID] = {
		"That is not how a line is written, or its chip has no such number.",
		"Write a name as GPIO25, or chip and number as gpiochip0:25." },
	[CAUSE_GPIO_NO_INTERRUPT] = {
		"That pin cannot report changes: mqttnode has to ask the chip again and "
		"again.",
		"Wire INT to another pin, or set ethernet.interrupt = \"\" to say so." },
	[CAUSE_GPIO_UNSUITABLE] = {
		"The chip named in the line's name is something else than a GPIO chip.",
		"Name one that \"ls /dev/gpiochip*\" lists." },
	[CAUSE_GPIO_GONE] = {
		"The GPIO chip's driver was removed while a line was in use.",
		"Plug the adapter in again, or reboot; \"dmesg\" tells why." },
	[CAUSE_GPIO_ERROR] = {
		"Linux refuses the GPIO line.",
		"\"gpioinfo\" and \"dmesg\" tell more about it." },

	/* --- the chip and its wires --- */
	[CAUSE_MISO_ZEROS] = {
		"The line on which the W5500 answers stays low: nobody drives it.",
		"Check that MISO is on pin 21 (GPIO9), CS on pin 24 (GPIO8; on pin 26 "
		"it is /dev/spidev0.1), and that the module has 3.3 V and ground: its "
		"LED is on." },
	[CAUSE_MISO_ONES] = {
		"The line on which the W5500 answers stays high: the chip is not "
		"selected, is held in reset, or MISO is not connected.",
		"Check CS (pin 24, GPIO8; on pin 26 it is /dev/spidev0.1) and MISO (pin "
		"21, GPIO9); RST must not be held low; the module needs 3.3 V." },
	[CAUSE_MISO_SHIFTED] = {
		"The chip answers, but bits arrive too early or too late: it counts "
		"clock pulses that are not meant.",
		"Check SCLK (pin 23, GPIO11) and CS: short wires, no loose contact, a "
		"ground wire beside them; lower ethernet.spi_speed_hz." },
	[CAUSE_SPI_GARBLED] = {
		"Something answers, but never rightly, not even at a slow clock.",
		"Check SCLK (pin 23), MOSI (pin 19) and ground for loose contacts; MISO "
		"and MOSI may be exchanged; take shorter wires." },
	[CAUSE_SPI_TOO_FAST] = {
		"The wires are good for a lower clock than the configured one; mqttnode "
		"uses that.",
		"Take wires below 10 cm with a ground wire beside SCLK, or set "
		"ethernet.spi_speed_hz to the clock that works." },
	[CAUSE_CHIP_VERSION] = {
		"The chip speaks like a W5500 but says that it is another one: a "
		"relative such as the W5100S or W6100, or a fake.",
		"Read what is printed on the chip; mqttnode drives the W5500 only." },
	[CAUSE_CHIP_WRITES_LOST] = {
		"The chip can be read, but what is written to it does not arrive.",
		"Check MOSI (pin 19, GPIO10) and the power supply: the W5500 needs 3.3 "
		"V and up to 150 mA." },
	[CAUSE_CHIP_RESET_STUCK] = {
		"The chip answers but stays in reset or does not finish a command.",
		"Check its power supply and that RST (pin 18, GPIO24) is not held low." },
	[CAUSE_CHIP_LOST] = {
		"The chip forgot its settings while it was running: it was reset or had "
		"no power for a moment.",
		"Check the power supply (3.3 V, 150 mA) and the contact of RST." },
	[CAUSE_CHIP_OUT_OF_STEP] = {
		"What the chip says about its buffers makes no sense: bit errors on the "
		"wires.",
		"Take shorter wires, or lower ethernet.spi_speed_hz." },
	[CAUSE_CHIP_SEND_STUCK] = {
		"The chip does not finish sending a frame.",
		"If it goes on, check cable and power supply; mqttnode resets the chip "
		"by itself." },
	[CAUSE_CHIP_COMMAND_STUCK] = {
		"The chip does not take commands any more.",
		"If it goes on, check the power supply; mqttnode resets the chip by "
		"itself." },
	[CAUSE_CHIP_SILENT] = {
		"The chip answered before and does not now: a wire came off, or it lost "
		"power.",
		"Check the wires MISO (pin 21), CS (pin 24), 3.3 V and ground." },
	[CAUSE_BUS_PLAN_REFUSED] = {
		"ethernet.bus_plan is \"chained\", and the chip did not pass the test of "
		"it, or the bus takes too little data in one message. The plain plan is used, which every chip takes.",
		"Nothing is broken: set ethernet.bus_plan = \"plain\"." },
	[CAUSE_INT_NOT_WIRED] = {
		"Frames arrive, but the interrupt line does not tell: mqttnode looks "
		"again and again, which costs time and power.",
		"Wire INT of the module to the pin in ethernet.interrupt (GPIO25 is pin "
		"22), or set ethernet.interrupt = \"\"." },
	[CAUSE_INT_STUCK_LOW] = {
		"The interrupt line is low all the time, also when the chip has nothing "
		"to say: it is connected to ground or to something else.",
		"Check where the wire of INT ends (GPIO25 is pin 22), or set "
		"ethernet.interrupt = \"\"." },
	[CAUSE_RESET_NOT_WIRED] = {
		"A pulse on the reset line did not reset the chip. It works, but a chip "
		"that hangs cannot be helped.",
		"Wire RST of the module to the pin in ethernet.reset (GPIO24 is pin "
		"18), or set ethernet.reset = \"\"." },

	/* --- the network interface --- */
	[CAUSE_TUN_ABSENT] = {
		"mqttnode shows the chip to Linux as a network interface, for which the "
		"kernel needs the module tun.",
		"Run as root: modprobe tun. After a kernel update, reboot. In a "
		"container, pass /dev/net/tun in." },
	[CAUSE_TUN_NOT_PERMITTED] = {
		"This user may not open /dev/net/tun.",
		"Run as root: chmod 0666 /dev/net/tun (its usual mode), or run doctor "
		"as root." },
	[CAUSE_TUN_NO_CAPABILITY] = {
		"Only root, or the service, may make a network interface.",
		"Run doctor as root: sudo mqttnode doctor." },
	[CAUSE_INTERFACE_EXISTS] = {
		"There is an interface of that name already: another mqttnode runs, or "
		"it belongs to somebody else.",
		"Stop the other mqttnode, \"ip link delete\" what was left behind, or "
		"set ethernet.interface to a free name." },
	[CAUSE_INTERFACE_INVALID] = {
		"Linux does not take that name or MAC address for an interface.",
		"Set ethernet.interface to a short name as mqtt0, and ethernet.mac to "
		"\"auto\"." },
	[CAUSE_INTERFACE_ERROR] = {
		"Linux refuses to make the network interface.",
		"\"dmesg\" tells more about it." },
	[CAUSE_INTERFACE_DELETED] = {
		"Somebody deleted the interface; mqttnode makes it anew.",
		"Look for a program that manages networks; it has to leave this one "
		"alone." },
	[CAUSE_INTERFACE_DOWN] = {
		"Somebody switched the interface off.",
		"Run as root: ip link set mqtt0 up." },

	/* --- the cable --- */
	[CAUSE_NO_CABLE] = {
		"The W5500 works, but sees nobody at the other end of the network "
		"cable.",
		"Plug the cable in at both ends, try another cable and another port of "
		"the switch; the LEDs of the socket should be on." },
	[CAUSE_LINK_SLOW] = {
		"The other end, or a bad cable, allows only 10 Mbit/s, or one direction "
		"at a time. It works, slowly.",
		"Try another cable and port. If the other end is set by hand, set "
		"ethernet.phy to the same." },
	[CAUSE_LINK_FLAPPING] = {
		"The link comes and goes: a loose plug, a bad cable, too little power, "
		"or a partner that does not like the negotiation.",
		"Try another cable and port and check the power supply; then try "
		"ethernet.phy = \"10-full\"." },

	/* --- address and route --- */
	[CAUSE_DHCP_NO_CLIENT] = {
		"To get an address mqttnode needs the program udhcpc, which is not "
		"installed.",
		"Run as root: apt install udhcpc (or busybox); or set network.method = "
		"\"static\"." },
	[CAUSE_DHCP_CLIENT_FAILED] = {
		"The DHCP client ended; its own words are above.",
		"Try: apt install --reinstall udhcpc. mqttnode starts it again by "
		"itself." },
	[CAUSE_DHCP_NO_ANSWER] = {
		"The cable is in, but nobody gives addresses: no router or DHCP server "
		"on this network, another VLAN, or a switch port that is not open yet.",
		"Is the cable in the router's LAN side? Without a DHCP server set "
		"network.method = \"static\" with address, gateway and dns." },
	[CAUSE_DHCP_NAK] = {
		"The DHCP server knows this node, but not with the address it asked "
		"for.",
		"mqttnode asks for a new one. If it goes on, two DHCP servers are on "
		"this network: switch one off." },
	[CAUSE_DHCP_BAD_ANSWER] = {
		"The DHCP server offers values that cannot be used.",
		"Check the settings of the DHCP server, or set network.method = "
		"\"static\"." },
	[CAUSE_LEASE_EXPIRED] = {
		"The DHCP server stopped answering, and the time of the address ran "
		"out.",
		"Is the router on? mqttnode goes on asking." },
	[CAUSE_ADDRESS_CONFLICT] = {
		"Another machine uses the address that the DHCP server gave to this "
		"node.",
		"Find the machine that has the address by hand, and give it another "
		"one, outside of what the DHCP server gives out." },
	[CAUSE_ADDRESS_OWN] = {
		"Another interface of this very machine has the same address.",
		"Use another address, or another network for one of the two." },
	[CAUSE_ADDRESS_REFUSED] = {
		"Linux does not take the address for this interface.",
		"Look at the daemon's messages: journalctl -u mqttnode; check "
		"network.address." },
	[CAUSE_ADDRESS_NOBODYS] = {
		"network.method is \"external\": another program is to put an address on "
		"the interface, and none has done so.",
		"Is NetworkManager or systemd-networkd told to manage it? \"ip address "
		"show\" shows what it has; or set network.method = \"dhcp\"." },
	[CAUSE_ADDRESS_UNROUTED] = {
		"network.method is \"external\": another program put an address on the "
		"interface, but no route by it, so nothing can be sent from there.",
		"Is NetworkManager or systemd-networkd told not to make routes? \"ip route "
		"show dev mqtt0\" shows what there is; at least the subnet needs one." },
	[CAUSE_NOT_A_PORT] = {
		"network.method is \"none\": the address is that of a bridge, and the "
		"interface is not a port of one.",
		"Make it one: ip link set mqtt0 master BRIDGE; or set network.method = "
		"\"dhcp\"." },
	[CAUSE_NO_ROUTER] = {
		"There is an address but no router: only machines on the same cable can "
		"be reached.",
		"If the broker is elsewhere, set network.gateway, or have the DHCP "
		"server give out a router." },
	[CAUSE_GATEWAY_DEAD] = {
		"The router that was given as the way out does not answer on this "
		"cable.",
		"Is the router on, and is its address right? Compare network.gateway, "
		"or the DHCP server's option router, with the router's own address." },

	/* --- the broker's name --- */
	[CAUSE_NO_DNS_SERVER] = {
		"The broker is given by name, and nobody is known to ask for its "
		"address.",
		"Set network.dns, for example [ \"192.168.1.1\" ], or write the "
		"broker's address in mqtt.host." },
	[CAUSE_DNS_MUTE] = {
		"The DNS server does not answer: it is off, not reachable, or a "
		"firewall drops the question.",
		"Set network.dns to a server that works: mostly the router's address." },
	[CAUSE_DNS_FAILED] = {
		"The DNS server answers, but could not find out: its own way out may be "
		"broken.",
		"Is the internet reachable? Try another server in network.dns." },
	[CAUSE_NAME_NOT_FOUND] = {
		"The DNS server says that there is no such name.",
		"Is mqtt.host spelled right? A name of your own network needs the "
		"server of your own network in network.dns." },
	[CAUSE_NAME_NO_ADDRESS] = {
		"The name exists, but has no IPv4 address.",
		"Write the broker's IPv4 address in mqtt.host, or have it added to the "
		"name." },
	[CAUSE_NAME_IPV6] = {
		"mqtt.host is an IPv6 address, and mqttnode connects over IPv4.",
		"Write a name or an IPv4 address in mqtt.host." },
	[CAUSE_NAME_ERROR] = {
		"Looking up the broker's name failed on this machine.",
		"Look at the daemon's messages: journalctl -u mqttnode." },

	/* --- TCP --- */
	[CAUSE_TCP_REFUSED] = {
		"The machine is there and says no: no broker listens on that port.",
		"Is the broker running, and is mqtt.port right (1883; with TLS 8883)? "
		"mosquitto listens to others only with a listener line in its "
		"configuration." },
	[CAUSE_TCP_NO_ANSWER] = {
		"Nothing comes back from that port: a firewall drops the connection, or "
		"the machine is off.",
		"Check the firewall of the broker's machine, mqtt.host and mqtt.port." },
	[CAUSE_TCP_RESET] = {
		"The connection was made and cut at once: by the broker, by something in "
		"front of it that has no broker behind it, or by a firewall in between.",
		"Look at the broker's log: did it see this node? Check mqtt.port." },
	[CAUSE_HOST_UNREACHABLE] = {
		"Nobody has that address on this network.",
		"Is the broker's machine on, and is mqtt.host right?" },
	[CAUSE_NO_ROUTE] = {
		"The broker is not on this network, and no router is known.",
		"Set network.gateway, or have the DHCP server give out a router." },
	[CAUSE_LOCAL_ADDRESS_GONE] = {
		"The node's address went away while connecting.",
		"It is tried again; if it goes on, look for a program that changes "
		"addresses." },
	[CAUSE_TCP_FORBIDDEN] = {
		"The firewall of this machine forbids the connection.",
		"Allow it: \"nft list ruleset\" shows the rules." },
	[CAUSE_TCP_ERROR] = {
		"Connecting failed on this machine.",
		"Look at the daemon's messages: journalctl -u mqttnode." },

	/* --- TLS --- */
	[CAUSE_CLOCK_NOT_SET] = {
		"This machine does not know the date, so no certificate can be checked. "
		"A Raspberry Pi has no clock that runs without power.",
		"Set the time: \"timedatectl\" shows it; with a network it comes by "
		"itself (systemd-timesyncd), else fit a clock module." },
	[CAUSE_TLS_NOT_YET_VALID] = {
		"The certificate begins in the future, or this machine's clock is slow.",
		"Compare the date with \"timedatectl\"; else the certificate was made "
		"wrong." },
	[CAUSE_TLS_EXPIRED] = {
		"The broker's certificate is too old.",
		"The broker's owner has to renew it. Check the date here with "
		"\"timedatectl\"." },
	[CAUSE_TLS_WRONG_NAME] = {
		"The broker shows a certificate for another name.",
		"Write the name that is in the certificate in mqtt.host." },
	[CAUSE_TLS_WRONG_CA] = {
		"The broker's certificate was signed by somebody this machine does not "
		"trust.",
		"Set mqtt.tls.ca_file to the file with the broker's own CA "
		"certificate." },
	[CAUSE_TLS_CERTIFICATE] = {
		"The broker's certificate cannot be accepted.",
		"The broker's owner has to mend it." },
	[CAUSE_TLS_PLAIN_PORT] = {
		"TLS is configured, but the port is one for MQTT without TLS.",
		"Set mqtt.port to the port for TLS (mostly 8883), or remove the group "
		"tls." },
	[CAUSE_TLS_VERSION] = {
		"The broker speaks only versions of TLS that are not safe.",
		"The broker's owner has to update it." },
	[CAUSE_TLS_CLIENT_REFUSED] = {
		"The broker does not accept our client certificate.",
		"Check mqtt.tls.cert_file and key_file: from the CA that the broker "
		"trusts, and not expired?" },
	[CAUSE_TLS_CLIENT_WANTED] = {
		"The broker lets in only clients that have a certificate.",
		"Get one from the broker's owner and set mqtt.tls.cert_file and "
		"key_file." },
	[CAUSE_TLS_NO_ANSWER] = {
		"Somebody takes the connection, but does not answer TLS: mostly a port "
		"for MQTT without TLS.",
		"Set mqtt.port to the port for TLS (mostly 8883), or remove the group "
		"tls." },
	[CAUSE_TLS_FAILED] = {
		"The two could not agree on a safe connection.",
		"Look at the broker's log, which says it from its side." },

	/* --- the broker --- */
	[CAUSE_WANTS_TLS] = {
		"This is a port for TLS: a greeting of TLS is answered, and MQTT without "
		"it is not.",
		"Add a group tls = { } to mqtt, or set mqtt.port to the port without "
		"TLS (mostly 1883)." },
	[CAUSE_NOT_A_BROKER] = {
		"What answers there does not speak MQTT.",
		"Check mqtt.host and mqtt.port." },
	[CAUSE_NO_CONNACK] = {
		"The connection stands, but the broker does not answer: it hangs, or it "
		"is no broker.",
		"Restart the broker and look at its log; check mqtt.port." },
	[CAUSE_BAD_CREDENTIALS] = {
		"The broker does not know this user, or the password is wrong; which of "
		"the two it does not tell.",
		"Check mqtt.username and the password (mqtt.password_file or "
		"password_credential); mosquitto: mosquitto_passwd." },
	[CAUSE_NO_CREDENTIALS] = {
		"The broker wants a user name and a password, and none is configured.",
		"Set mqtt.username, and mqtt.password_file or password_credential." },
	[CAUSE_CLIENT_ID_REJECTED] = {
		"The broker does not like the client id.",
		"Set mqtt.client_id to a short name of letters and digits." },
	[CAUSE_CLIENT_ID_TWICE] = {
		"The broker ended the session, most likely because another client came "
		"with the same client id: only one can have it.",
		"Give every node a mqtt.client_id of its own; without the key each "
		"takes one from its MAC address. If nothing else has it: are messages of "
		"QoS 0 larger than the broker takes?" },
	[CAUSE_MQTT_VERSION] = {
		"The broker does not speak this version of MQTT.",
		"Set mqtt.protocol to \"3.1.1\", or to \"5\"." },
	[CAUSE_BROKER_UNAVAILABLE] = {
		"The broker runs, but takes no clients now.",
		"Wait, or look at the broker's log." },
	[CAUSE_BROKER_REFUSES] = {
		"The broker does not let this client in.",
		"Look at the broker's log, which says why." },
	[CAUSE_BROKER_SILENT] = {
		"The broker stopped answering while connected: it hangs, or the way is "
		"cut.",
		"Look at the broker's machine." },
	[CAUSE_BROKER_ENDED] = {
		"The broker ended the session by itself.",
		"Look at the broker's log, which says why." },
	[CAUSE_MESSAGE_NOT_TAKEN] = {
		"The broker ends each connection before it acknowledges one of our "
		"messages: most likely that is larger than it takes. mqttnode tries them "
		"one by one, and drops the one at which the connection ends.",
		"Publish smaller messages, or raise the broker's limit (mosquitto: "
		"max_packet_size). With mqtt.protocol = \"5\" the broker says how large a "
		"message may be." },
	[CAUSE_CONNECTION_LOST] = {
		"The connection broke.",
		"mqttnode connects again; if it goes on, look at the broker's log." },
	[CAUSE_SUBSCRIPTION_REFUSED] = {
		"The broker does not let this user read that topic.",
		"Allow it in the broker's access list (mosquitto: a line \"topic read "
		"...\" in acl_file), or correct the topic." },
	[CAUSE_NO_SUBACK] = {
		"The broker does not answer the subscription.",
		"Look at the broker's log." },
	[CAUSE_PUBLISH_REFUSED] = {
		"The broker does not take what this node publishes.",
		"Allow it in the broker's access list (mosquitto: a line \"topic write "
		"...\" in acl_file), or correct the topic." },

	/* --- the display --- */
	[CAUSE_I2C_ABSENT] = {
		"Linux does not offer the I2C bus: it is not switched on.",
		"Raspberry Pi: add the line dtparam=i2c_arm=on to "
		"/boot/firmware/config.txt, the word i2c-dev to /etc/modules, and "
		"reboot. Without a display: oled.i2c = \"\"." },
	[CAUSE_I2C_OTHER_BUS] = {
		"I2C is on, but the configured bus is not there.",
		"Set oled.i2c to the bus that exists; the pins 3 and 5 of a Raspberry "
		"Pi are /dev/i2c-1." },
	[CAUSE_I2C_NOT_PERMITTED] = {
		"The bus is there, but the user that runs mqttnode may not open it.",
		"Run as root: adduser mqttnode i2c; then systemctl restart mqttnode. By "
		"hand, run mqttnode as root." },
	[CAUSE_I2C_BUSY] = {
		"Something else uses the bus or the display's address.",
		"Stop the other program or driver." },
	[CAUSE_I2C_STUCK] = {
		"A line of the I2C bus is held low: a short circuit, a device that "
		"hangs, or no power at the display.",
		"Unplug the display's power and plug it in again; check that SDA (pin "
		"3) and SCL (pin 5) are not exchanged and touch nothing." },
	[CAUSE_I2C_BREAKS_OFF] = {
		"The display answers, but transfers break off: bad contacts or long "
		"wires.",
		"Check SDA (pin 3), SCL (pin 5) and ground; lower the clock: "
		"dtparam=i2c_arm_baudrate=100000 in /boot/firmware/config.txt." },
	[CAUSE_I2C_UNSUITABLE] = {
		"What oled.i2c names cannot do what a display needs.",
		"Set oled.i2c to a node that \"ls /dev/i2c-*\" lists." },
	[CAUSE_I2C_GONE] = {
		"The I2C adapter's driver was removed while it was in use.",
		"Plug the adapter in again, or reboot; \"dmesg\" tells why." },
	[CAUSE_I2C_ERROR] = {
		"The I2C bus of Linux reports an error.",
		"\"dmesg\" tells more about it." },
	[CAUSE_OLED_ABSENT] = {
		"The bus works, but no display answers. mqttnode works without one.",
		"Check SDA (pin 3), SCL (pin 5), 3.3 V and ground; \"i2cdetect -y 1\" "
		"shows who answers. Without a display: oled.i2c = \"\"." },
	[CAUSE_OLED_OTHER_ADDRESS] = {
		"A display is there, but at the other of the two usual addresses. What "
		"is printed on it (0x78, 0x7A) is twice the address.",
		"Set oled.address to the address that answers." },
	[CAUSE_OLED_KERNEL_DRIVER] = {
		"A driver of the kernel has the display for itself.",
		"Remove its dtoverlay= line (such as dtoverlay=ssd1306) from "
		"/boot/firmware/config.txt and reboot." },
	[CAUSE_OLED_OTHER_CONTROLLER] = {
		"Sellers mix the two up: with the wrong one the picture is shifted or "
		"has noise at its edge.",
		"If the picture is not right, set oled.controller to the one that is "
		"named." },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(advice) == CAUSE_IDS, "advice for every cause");

const struct finding_advice *findings_advice(enum cause_id cause)
{
	return &advice[cause];
}
