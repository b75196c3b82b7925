/* version.h - which version of the library this is.
 *
 * The numbers are those of the headers that a program is compiled with; boc_version says
 * what it runs with.  Before 1.0 both must have the same minor version.
 */
#ifndef BOC_VERSION_H
#define BOC_VERSION_H

#include <boc/export.h>

#define BOC_VERSION_MAJOR 0
#define BOC_VERSION_MINOR 15
#define BOC_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* "0.15.0", say.  Never NULL; any thread. */
BOC_API const char *boc_version(void);

#ifdef __cplusplus
}
#endif

#endif
