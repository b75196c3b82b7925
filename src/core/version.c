#include <boc/version.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const char *boc_version(void) {
    return TEXT(BOC_VERSION_MAJOR) "." TEXT(BOC_VERSION_MINOR) "." TEXT(BOC_VERSION_PATCH);
}
