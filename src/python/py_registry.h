/* py_registry.h - templates: what a behavior's body is rebuilt from, by number.
 *
 * Process-wide and append-only.  A template is the encoded spec that
 * bocpy._origin.template_of gives; equal specs get one number.  Holds no PyObject.
 *
 * Threads   any thread.
 */
#ifndef BOC_PY_REGISTRY_H
#define BOC_PY_REGISTRY_H

#include <boc/payload.h>
#include <boc/status.h>
#include <stdint.h>

/* The number of `spec`, an encoded value, which is taken, on failure too. */
BOC_MUST_CHECK boc_status_t py_registry_add(boc_payload_t spec, uint32_t *p_id);

/* Another reference of the spec of `id`, which py_registry_add gave. */
boc_payload_t py_registry_spec(uint32_t id);

#endif
