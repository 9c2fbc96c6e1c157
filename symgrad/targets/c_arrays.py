"""Functions of a C file that work on a matrix or on a row: they are given room, and take none."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "offset_of": """\
/* The offset of element k of an axis; far below 0 where there is none. */
static int offset_of(double k, int size, int step)
{
    if (!(k >= -size && k < size))
        return -(1 << 28);
    return step * ((int)k + (k < 0.0 ? size : 0));
}
""",
    "triangles": """\
/* A matrix as two triangles, with the largest element of a column as pivot; the order of the rows,
   and after it 1 or -1, the sign of that. */
static void triangles(int n, double *a, int *order)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    order[n] = 1;
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[n * i + k]) > fabs(a[n * best + k]))
                best = i;
        if (best != k) {
            const int row = order[k];
            order[k] = order[best];
            order[best] = row;
            order[n] = -order[n];
            for (int j = 0; j < n; j++) {
                const double element = a[n * k + j];
                a[n * k + j] = a[n * best + j];
                a[n * best + j] = element;
            }
        }
        for (int i = k + 1; i < n && a[n * k + k] != 0.0; i++) {
            a[n * i + k] /= a[n * k + k];
            for (int j = k + 1; j < n; j++)
                a[n * i + j] -= a[n * i + k] * a[n * k + j];
        }
    }
}
""",
    "solved": """\
/* The solution of A x = b for some columns, from the triangles of A; nan where A is singular. */
static void solved(
    int n, int columns, const double *lu, const int *order, const double *b, double *x)
{
    int singular = 0;
    for (int k = 0; k < n; k++)
        singular = singular || lu[n * k + k] == 0.0;
    for (int c = 0; c < columns; c++) {
        for (int i = 0; i < n; i++) {
            double total = singular ? NAN : b[columns * order[i] + c];
            for (int k = 0; k < i; k++)
                total -= lu[n * i + k] * x[columns * k + c];
            x[columns * i + c] = total;
        }
        for (int i = n - 1; i >= 0; i--) {
            double total = x[columns * i + c];
            for (int k = i + 1; k < n; k++)
                total -= lu[n * i + k] * x[columns * k + c];
            x[columns * i + c] = total / lu[n * i + i];
        }
    }
}
""",
    "cofactors": """\
/* The derivative of a determinant: each element the determinant without its row and column. */
static void cofactors(int n, const double *a, double *rest, double *result)
{
    for (int row = 0; row < n; row++)
        for (int column = 0; column < n; column++) {
            const int m = n - 1;
            double total = (row + column) % 2 ? -1.0 : 1.0;
            for (int i = 0; i < m; i++)
                for (int j = 0; j < m; j++)
                    rest[m * i + j] = a[n * (i + (i >= row)) + j + (j >= column)];
            for (int k = 0; k < m; k++) {
                int best = k;
                for (int i = k + 1; i < m; i++)
                    if (fabs(rest[m * i + k]) > fabs(rest[m * best + k]))
                        best = i;
                total *= rest[m * best + k];
                if (total == 0.0)
                    break;
                if (best != k)
                    total = -total;
                for (int j = k; j < m && best != k; j++) {
                    const double element = rest[m * k + j];
                    rest[m * k + j] = rest[m * best + j];
                    rest[m * best + j] = element;
                }
                for (int i = k + 1; i < m; i++)
                    for (int j = m - 1; j > k; j--)
                        rest[m * i + j] -= rest[m * i + k] / rest[m * k + k] * rest[m * k + j];
            }
            result[n * row + column] = total;
        }
}
""",
    "cholesky": """\
/* The lower triangle L with L L^T = A; nan where there is none. */
static void cholesky(int n, const double *a, double *lower)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double total = j > i ? 0.0 : a[n * i + j];
            for (int k = 0; k < j && j <= i; k++)
                total -= lower[n * i + k] * lower[n * j + k];
            if (i == j)
                lower[n * i + j] = total > 0.0 ? sqrt(total) : NAN;
            else
                lower[n * i + j] = j > i ? 0.0 : total / lower[n * j + j];
        }
}
""",
    "largest": """\
/* The place of the first nan, or else of the first that is largest, or smallest for sign -1. */
static double largest(int n, const double *x, double sign)
{
    int best = 0;
    for (int k = 0; k < n; k++) {
        if (isnan(x[k]))
            return k;
        if (sign * x[k] > sign * x[best])
            best = k;
    }
    return best;
}
""",
    "in_order": """\
/* The places of numbers in their order; equal ones stay as they were, nan comes last. */
static void in_order(int n, const double *x, double *order)
{
    for (int k = 0; k < n; k++) {
        int at = k;
        for (; at > 0; at--) {
            const double before = x[(int)order[at - 1]];
            if (!(x[k] < before || (isnan(before) && !isnan(x[k]))))
                break;
            order[at] = order[at - 1];
        }
        order[at] = k;
    }
}
""",
    "below": """\
/* How many of some numbers in ascending order are below x; all of them for nan. */
static double below(int n, const double *a, double x)
{
    int first = 0, last = n;
    while (first < last) {
        const int middle = (first + last) / 2;
        if (a[middle] < x || isnan(x))
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}
""",
}
"""By name, as in `c`."""
