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
    "all_finite": """\
/* Whether no element is infinite or nan. */
static int all_finite(int n, const double *x)
{
    for (int k = 0; k < n; k++)
        if (!isfinite(x[k]))
            return 0;
    return 1;
}
""",
    "tangent": """\
/* The tangent of the angle, at most an eighth turn, that takes the off-diagonal element to 0. */
static double tangent(double half_gap, double off)
{
    const double ratio = half_gap / off;
    return copysign(1.0, ratio) / (fabs(ratio) + hypot(1.0, ratio));
}
""",
    "rotate": """\
/* Two columns of a matrix turned by an angle, of which the cosine and the sine are given. */
static void rotate(int m, int n, double *a, int p, int q, double c, double s)
{
    for (int k = 0; k < m; k++) {
        const double x = a[n * k + p], y = a[n * k + q];
        a[n * k + p] = c * x - s * y;
        a[n * k + q] = s * x + c * y;
    }
}
""",
    "ordered": """\
/* Numbers in ascending order, or descending for sign -1, and with them the columns of two matrices
   of so many rows. */
static void ordered(int n, int above, int below, double *x, double *a, double *b, double sign)
{
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (sign * x[i] < sign * x[best])
                best = i;
        for (int i = -1; i < above + below && best != k; i++) {
            double *row = i < 0 ? x : i < above ? a + n * i : b + n * (i - above);
            const double element = row[k];
            row[k] = row[best];
            row[best] = element;
        }
    }
}
""",
    "reflect": """\
/* The columns of a matrix b from one on, reflected by the vector below the diagonal of a. */
static void reflect(
    int m, int n, const double *a, int k, double scale, int columns, double *b, int from)
{
    for (int j = from; j < columns; j++) {
        double along = b[columns * k + j];
        for (int i = k + 1; i < m; i++)
            along += a[n * i + k] * b[columns * i + j];
        b[columns * k + j] -= scale * along;
        for (int i = k + 1; i < m; i++)
            b[columns * i + j] -= scale * along * a[n * i + k];
    }
}
""",
    "eigen": """\
/* The eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns: by
   rotations, each of which brings an element beside the diagonal to 0 (Golub and Van Loan, Matrix
   Computations, 8.5). The matrix is lost on the way. */
static void eigen(int n, double *a, double *values, double *vectors)
{
    int turned = all_finite(n * n, a);
    for (int k = 0; k < n * n; k++)
        vectors[k] = !turned ? NAN : k % (n + 1) ? 0.0 : 1.0;
    for (int sweep = 0; sweep < 64 && turned; sweep++) {
        turned = 0;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) {
                const double off = a[n * p + q], low = a[n * p + p], high = a[n * q + q];
                double t, c;
                if (fabs(off) <= 1.1e-16 * sqrt(fabs(low)) * sqrt(fabs(high)))
                    continue;
                turned = 1;
                t = tangent(high / 2.0 - low / 2.0, off);
                c = 1.0 / hypot(1.0, t);
                rotate(n, n, vectors, p, q, c, t * c);
                rotate(n, n, a, p, q, c, t * c);
                for (int k = 0; k < n; k++) {
                    a[n * p + k] = a[n * k + p];
                    a[n * q + k] = a[n * k + q];
                }
                a[n * p + p] = low - t * off;
                a[n * q + q] = high + t * off;
                a[n * p + q] = a[n * q + p] = 0.0;
            }
    }
    for (int k = 0; k < n; k++)
        values[k] = vectors[n * k + k] == vectors[n * k + k] ? a[n * k + k] : NAN;
    ordered(n, n, 0, values, vectors, vectors, 1.0);
}
""",
    "singular": """\
/* The singular values of a matrix of m rows and n <= m columns in descending order; the matrix
   becomes the left vectors as columns, v the right ones: by rotations that make columns orthogonal
   (Golub and Van Loan, Matrix Computations, 8.6.3). A left vector for the value 0 is 0. */
static void singular(int m, int n, double *u, double *s, double *v)
{
    int turned = all_finite(m * n, u), exponent = 0;
    double most = 0.0;
    for (int k = 0; k < m * n; k++)
        most = most > fabs(u[k]) ? most : fabs(u[k]);
    if (turned)
        frexp(most, &exponent);
    for (int k = 0; k < m * n; k++)
        u[k] = turned ? ldexp(u[k], -exponent) : NAN;
    for (int k = 0; k < n * n; k++)
        v[k] = !turned ? NAN : k % (n + 1) ? 0.0 : 1.0;
    for (int sweep = 0; sweep < 64 && turned; sweep++) {
        turned = 0;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) {
                double first = 0.0, second = 0.0, both = 0.0, t, c;
                for (int k = 0; k < m; k++) {
                    first += u[n * k + p] * u[n * k + p];
                    second += u[n * k + q] * u[n * k + q];
                    both += u[n * k + p] * u[n * k + q];
                }
                if (fabs(both) <= 1.1e-16 * m * sqrt(first) * sqrt(second))
                    continue;
                turned = 1;
                t = tangent((second - first) / 2.0, both);
                c = 1.0 / hypot(1.0, t);
                rotate(m, n, u, p, q, c, t * c);
                rotate(n, n, v, p, q, c, t * c);
            }
    }
    for (int j = 0; j < n; j++) {
        s[j] = 0.0;
        for (int k = 0; k < m; k++)
            s[j] = hypot(s[j], u[n * k + j]);
    }
    ordered(n, m, n, s, u, v, -1.0);
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < m && s[j] != 0.0; k++)
            u[n * k + j] /= s[j];
        s[j] = ldexp(s[j], exponent);
    }
}
""",
    "orthogonal": """\
/* The factors Q and R of a matrix of m rows and n columns, by reflections whose signs are those of
   LAPACK (Golub and Van Loan, Matrix Computations, 5.2). The matrix is lost on the way. */
static void orthogonal(int m, int n, double *a, double *scale, double *q, double *r)
{
    const int count = m < n ? m : n;
    for (int k = 0; k < count; k++) {
        const double first = a[n * k + k];
        double rest = 0.0, whole;
        for (int i = k + 1; i < m; i++)
            rest = hypot(rest, a[n * i + k]);
        scale[k] = 0.0;
        if (rest == 0.0)
            continue;
        whole = -copysign(hypot(first, rest), first);
        scale[k] = (whole - first) / whole;
        for (int i = k + 1; i < m; i++)
            a[n * i + k] /= first - whole;
        a[n * k + k] = whole;
        reflect(m, n, a, k, scale[k], n, a, k + 1);
    }
    for (int k = 0; k < m * count; k++)
        q[k] = k % (count + 1) || k / (count + 1) >= count ? 0.0 : 1.0;
    for (int k = count - 1; k >= 0; k--)
        reflect(m, n, a, k, scale[k], count, q, k);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < n; j++)
            r[n * i + j] = j < i ? 0.0 : a[n * i + j];
}
""",
}
"""By name, as in `c`."""
