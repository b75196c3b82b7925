/* cpu_test.c - CPU counts, on this machine and on described ones. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sched_setaffinity */
#endif

#include "boc_test.h"

#include "platform/cpu.h"

BOC_TEST(counts_agree_with_each_other) {
    CHECK(boc__cpu_count() >= 1);
    CHECK(boc__cpu_physical_count() <= boc__cpu_count());
}

#if defined(__linux__)

#include "platform/linux/topology.h"

#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

BOC_TEST(counts_follow_the_affinity_mask) {
    int cpu = sched_getcpu();
    cpu_set_t before, one;
    CHECK(cpu >= 0 && cpu < CPU_SETSIZE);
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK_EQ(boc__cpu_count(), 1);
    CHECK(boc__cpu_physical_count() <= 1); /* 0: the system does not tell */
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK_EQ(boc__cpu_count(), CPU_COUNT(&before));
}

/* A folder of ours in place of /sys/devices/system/cpu. */
typedef struct machine {
    char root[64];
    cpu_set_t mask;
} machine_t;

static void machine_init(machine_t *machine) {
    strcpy(machine->root, "/tmp/boc_cpu_test_XXXXXX");
    CHECK(mkdtemp(machine->root) != NULL);
    CPU_ZERO(&machine->mask);
}

static void machine_add(machine_t *machine, unsigned cpu, const char *file, const char *siblings) {
    char path[256];
    CPU_SET(cpu, &machine->mask);
    (void)snprintf(path, sizeof path, "%s/cpu%u", machine->root, cpu);
    CHECK(mkdir(path, 0700) == 0);
    (void)snprintf(path, sizeof path, "%s/cpu%u/topology", machine->root, cpu);
    CHECK(mkdir(path, 0700) == 0);
    if (file == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s/cpu%u/topology/%s", machine->root, cpu, file);
    FILE *out = fopen(path, "w");
    CHECK(out != NULL);
    CHECK(fprintf(out, "%s\n", siblings) > 0);
    CHECK(fclose(out) == 0);
}

static unsigned machine_core_count(const machine_t *machine) {
    return boc__topology_core_count(machine->root, &machine->mask, sizeof machine->mask,
                                    CPU_SETSIZE);
}

static void machine_deinit(machine_t *machine) {
    char path[256];
    for (unsigned cpu = 0; cpu < 16; cpu++) {
        static const char *const names[] = {"/topology/core_cpus_list",
                                            "/topology/thread_siblings_list", "/topology", ""};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            (void)snprintf(path, sizeof path, "%s/cpu%u%s", machine->root, cpu, names[i]);
            (void)remove(path);
        }
    }
    CHECK(remove(machine->root) == 0);
}

BOC_TEST(sibling_cpus_count_as_one_core) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "core_cpus_list", "0,2");
    machine_add(&machine, 1, "core_cpus_list", "1,3");
    machine_add(&machine, 2, "core_cpus_list", "0,2");
    machine_add(&machine, 3, "core_cpus_list", "1,3");
    CHECK_EQ(machine_core_count(&machine), 2);
    machine_deinit(&machine);
}

BOC_TEST(core_outside_the_mask_is_not_counted) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "core_cpus_list", "0-1");
    machine_add(&machine, 1, "core_cpus_list", "0-1");
    machine_add(&machine, 2, "core_cpus_list", "2-3");
    machine_add(&machine, 3, "core_cpus_list", "2-3");
    CPU_CLR(0, &machine.mask); /* its sibling is still there */
    CPU_CLR(2, &machine.mask);
    CPU_CLR(3, &machine.mask);
    CHECK_EQ(machine_core_count(&machine), 1);
    machine_deinit(&machine);
}

BOC_TEST(older_systems_name_the_list_otherwise) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "thread_siblings_list", "0-1");
    machine_add(&machine, 1, "thread_siblings_list", "0-1");
    CHECK_EQ(machine_core_count(&machine), 1);
    machine_deinit(&machine);
}

BOC_TEST(system_that_tells_half_tells_nothing) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "core_cpus_list", "0");
    machine_add(&machine, 1, NULL, NULL);
    CHECK_EQ(machine_core_count(&machine), 0);
    machine_deinit(&machine);
}

BOC_TEST(unreadable_list_tells_nothing) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "core_cpus_list", "none");
    CHECK_EQ(machine_core_count(&machine), 0);
    machine_deinit(&machine);
}

BOC_TEST(list_beyond_the_mask_tells_nothing) {
    machine_t machine;
    machine_init(&machine);
    machine_add(&machine, 0, "core_cpus_list", "4000000000");
    CHECK_EQ(machine_core_count(&machine), 0);
    machine_deinit(&machine);
}

#endif
