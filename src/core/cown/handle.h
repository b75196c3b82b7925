/* handle.h - the table behind boc/handle.h.
 *
 * An entry is (cown, generation); a handle is (generation, index).  A cown that has a
 * handle leaves the table before its memory is freed, and resolving takes a reference
 * under the same lock, so the table never leads to freed memory.
 */
#ifndef BOC_CORE_COWN_HANDLE_H
#define BOC_CORE_COWN_HANDLE_H

#include <boc/handle.h>

/* The cown with the entry `index` dies; its reference count is zero. */
void boc__handle_forget(uint32_t index);

#endif
