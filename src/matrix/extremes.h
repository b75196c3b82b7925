/* extremes.h - minima and maxima of groups, and their places.  Private to this folder.
 *
 * Groups are the columns of `shape`, or its rows; `mask` is NULL or of that shape.  See reduce.h.
 */
#ifndef BOC_MATRIX_EXTREMES_H
#define BOC_MATRIX_EXTREMES_H

#include "matrix/matrix.h"

void boc__extremes(bool largest, bool by_column, double *out, boc__shape_t shape,
                   const double *data, const double *mask);

void boc__extremes_places(bool largest, bool by_column, double *out, boc__shape_t shape,
                          const double *data, const double *mask);

#endif
