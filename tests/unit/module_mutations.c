// SPDX-License-Identifier: MIT
/* module_mutations.c — what a driver may do wrong whatever the controller of the display
 */
#include "module_mutations.h"

void show(struct rig *rig)
{
	picture p;

	make_picture(p);
	send_picture(rig, p);
}

void init_with(struct rig *rig, uint8_t old, uint8_t replacement, bool argument)
{
	send_registers_with(rig, old, replacement, argument);
	clear(rig);
	send(rig, 0x00, 0xaf);
	show(rig);
}

static void switches_on_before_clearing(struct rig *rig)
{
	send_registers(rig);
	send(rig, 0x00, 0xaf);
	show(rig);
}

static void half_the_rows(struct rig *rig)
{
	init_with(rig, 0xa8, 0x1f, true);
}

static void com_pins_of_another_glass(struct rig *rig)
{
	init_with(rig, 0xda, 0x02, true);
}

static void mirrored(struct rig *rig)
{
	init_with(rig, 0xa1, 0xa0, false);
}

static void upside_down(struct rig *rig)
{
	init_with(rig, 0xc8, 0xc0, false);
}

static void shifted_by_an_offset(struct rig *rig)
{
	init_with(rig, 0xd3, 0x08, true);
}

static void start_line_left_from_a_program_before(struct rig *rig)
{
	init_with(rig, 0x40, 0x60, false);
}

static void inverse_left_on(struct rig *rig)
{
	init_with(rig, 0xa6, 0xa7, false);
}

static void all_pixels_left_on(struct rig *rig)
{
	init_with(rig, 0xa4, 0xa5, false);
}

static void never_switches_on(struct rig *rig)
{
	send_registers(rig);
	clear(rig);
	show(rig);
}

void assert_common_mutations_caught(int (*setup)(void **state))
{
	static const struct mutation mutations[] = {
		MUTATION(switches_on_before_clearing, "noise is visible"),
		MUTATION(half_the_rows, NULL),
		MUTATION(com_pins_of_another_glass, NULL),
		MUTATION(mirrored, NULL),
		MUTATION(upside_down, NULL),
		MUTATION(shifted_by_an_offset, NULL),
		MUTATION(start_line_left_from_a_program_before, NULL),
		MUTATION(inverse_left_on, NULL),
		MUTATION(all_pixels_left_on, NULL),
		MUTATION(never_switches_on, NULL),
	};

	assert_caught(setup, mutations, ARRAY_SIZE(mutations));
}
