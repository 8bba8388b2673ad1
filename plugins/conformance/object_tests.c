/* SPDX-License-Identifier: Apache-2.0 */
/* What the file itself must be like. */
#include <dlfcn.h>
#include <string.h>

#include "plugins/conformance/trial.h"

static void exports_one_symbol(struct trial *t)
{
	const struct object *o = t->object;

	if (!o->has_collector)
		trial_fail(t, "it exports no `weir_collector`");
	else if (o->n_exports > 1)
		trial_fail(t,
		           "it exports %u symbols, `%s` for one; link with a version script that keeps only "
		           "`weir_collector`",
		           o->n_exports, o->other_export);
}

static void its_symbol_is_const(struct trial *t)
{
	if (!t->object->has_collector)
		trial_skip(t, "it exports no `weir_collector`");
	else if (!t->object->is_collector_data)
		trial_fail(t, "`weir_collector` is no object");
	else if (t->object->is_collector_writable)
		trial_fail(t, "`weir_collector` can be written; declare it const");
}

static void has_no_text_relocations(struct trial *t)
{
	if (t->object->has_text_relocations)
		trial_fail(t, "its code is written to when it is loaded; compile with -fPIC");
}

static void has_no_executable_stack(struct trial *t)
{
	if (t->object->has_executable_stack)
		trial_fail(t, "it asks for an executable stack; link with -z noexecstack");
}

static void has_no_run_path(struct trial *t)
{
	if (t->object->run_path[0])
		trial_fail(t, "it looks for libraries in %s; link without -rpath", t->object->run_path);
}

static void has_no_globals(struct trial *t)
{
	if (t->object->n_writable)
		trial_warn(t, "%llu bytes of variables outlive an instance: %s",
		           (unsigned long long)t->object->n_writable, t->object->writable);
}

static void loads(struct trial *t)
{
	void *handle = dlopen(t->path, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		trial_fail(t, "%s", dlerror());
	else if (!dlsym(handle, "weir_collector"))
		trial_fail(t, "it has no symbol `weir_collector`");
}

static int is_of_toolchain(const char *name)
{
	static const char *const names[] = { "__gmon_start__", "_ITM_deregisterTMCloneTable",
		                             "_ITM_registerTMCloneTable", "__cxa_finalize", "_Jv_RegisterClasses" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

static void imports_nothing_of_the_host(struct trial *t)
{
	void *handle = dlopen(t->path, RTLD_LAZY | RTLD_LOCAL);

	if (!handle) {
		trial_fail(t, "%s", dlerror());
		return;
	}
	for (uint32_t i = 0; i < t->object->n_imports; i++)
		if (!is_of_toolchain(t->object->imports[i]) && !dlsym(handle, t->object->imports[i]))
			trial_fail(t, "%s: none of the libraries that it names has it", t->object->imports[i]);
}

const struct trial_test object_tests[] = {
	{ "exports_one_symbol", "it exports `weir_collector` and nothing else", exports_one_symbol, TRIAL_OBJECT, 0,
	  0 },
	{ "its_symbol_is_const", "`weir_collector` is an object that nobody can write", its_symbol_is_const,
	  TRIAL_OBJECT, 0, 0 },
	{ "has_no_text_relocations", "its code is not written to when it is loaded", has_no_text_relocations,
	  TRIAL_OBJECT, 0, 0 },
	{ "has_no_executable_stack", "it asks for no executable stack", has_no_executable_stack, TRIAL_OBJECT, 0, 0 },
	{ "has_no_run_path", "it looks for its libraries where the system has them", has_no_run_path, TRIAL_OBJECT, 0,
	  0 },
	{ "has_no_globals", "no variable outlives an instance", has_no_globals, TRIAL_OBJECT, 0, 0 },
	{ "loads", "it can be loaded", loads, TRIAL_OBJECT, 0, TRIAL_LOADED },
	{ "imports_nothing_of_the_host", "what it imports is in the libraries that it names",
	  imports_nothing_of_the_host, TRIAL_LOADED, 0, 0 },
	{ 0 },
};
