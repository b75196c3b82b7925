/* con only: names of statuses. */
#include "boc_test.h"

#include <boc/status.h>

BOC_TEST(every_status_has_a_name_of_its_own) {
    for (int a = BOC_OK; a <= BOC_ECANCELLED; a++) {
        const char *name = boc_status_name((boc_status_t)a);
        CHECK(name != NULL && name[0] != '\0');
        CHECK(strcmp(name, "unknown status") != 0);
        for (int b = BOC_OK; b < a; b++)
            CHECK(strcmp(name, boc_status_name((boc_status_t)b)) != 0);
    }
}

BOC_TEST(numbers_that_are_no_status_are_named_unknown) {
    CHECK(strcmp(boc_status_name((boc_status_t)(BOC_ECANCELLED + 1)), "unknown status") == 0);
    CHECK(strcmp(boc_status_name((boc_status_t)1000), "unknown status") == 0);
}
