/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_UCUM_H
#define PLUGINS_UCUM_H

/* Whether a unit is one. The grammar is the whole of "The Unified Code for Units of Measure", version 2.1, section
 * "Character Set and Lexical Rules" and "Syntax Rules", case sensitive:
 *
 *     unit       = [ "/" ] term
 *     term       = component { ( "." | "/" ) component }
 *     component  = annotation | ( atom [ exponent ] | number | "(" term ")" ) [ annotation ]
 *     exponent   = [ "+" | "-" ] digits
 *     annotation = "{" printable ASCII without "{" and "}" "}"
 *
 * The atoms are the ones that people measure computers with, and the SI's; not the customary, clinical and typographic
 * ones. Units that are no UCUM atoms are written as annotations: `{slot}`, `{tick}/s`.
 */

enum {
	UCUM_DEPTH_MAX = 16, /* of parentheses */
};

/* NULL, or the constant reason why not; ret_at (may be NULL): where in the text. */
const char *ucum_fault(const char *unit, unsigned *ret_at);

#endif
