#include <boc/status.h>

const char *boc_status_name(boc_status_t status) {
    switch (status) {
    case BOC_OK:
        return "success";
    case BOC_ENOMEM:
        return "out of memory";
    case BOC_ECLOSED:
        return "the runtime is not running";
    case BOC_ETIMEOUT:
        return "the deadline passed";
    case BOC_EINTERRUPTED:
        return "interrupted by a signal";
    case BOC_EFULL:
        return "a fixed limit was reached";
    case BOC_EBUSY:
        return "in use";
    case BOC_EINVALID:
        return "invalid argument";
    case BOC_ESTATE:
        return "not allowed here";
    case BOC_ETHREAD:
        return "no further thread can be started";
    case BOC_EABANDONED:
        return "the promise was dropped unfulfilled";
    case BOC_ECANCELLED:
        return "cancelled before it started";
    }
    return "unknown status";
}
