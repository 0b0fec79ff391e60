/* What PTX's instructions do, where C's operators do something else. Included by every translated kernel. */
#include "emulator.h"
#include <math.h>
#include <string.h>

typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64;
typedef float f32; typedef double f64; typedef unsigned __int128 u128; typedef __int128 s128;
#define OP static inline __attribute__((always_inline))

OP f32 as_f32(u32 x) { f32 y; memcpy(&y, &x, 4); return y; }
OP u32 of_f32(f32 x) { u32 y; memcpy(&y, &x, 4); return y; }
OP f64 as_f64(u64 x) { f64 y; memcpy(&y, &x, 8); return y; }
OP u64 of_f64(f64 x) { u64 y; memcpy(&y, &x, 8); return y; }
OP f32 half(u16 x) { _Float16 y; memcpy(&y, &x, 2); return (f32)y; }
OP u16 to_half(f32 x) { _Float16 y = (_Float16)x; u16 z; memcpy(&z, &y, 2); return z; }
OP u16 to_half64(f64 x) { _Float16 y = (_Float16)x; u16 z; memcpy(&z, &y, 2); return z; }

/* integers: shifts by more than the width, divisions by zero (all ones), the high half of products */
#define INTEGERS(u, s, bits, wide_u, wide_s)                                                        \
    OP u shl_##u(u a, u32 n) { return n >= bits ? 0 : (u)(a << n); }                                \
    OP u shr_##u(u a, u32 n) { return n >= bits ? 0 : (u)(a >> n); }                                \
    OP u shr_##s(u a, u32 n) { return (u)((s)a >> (n >= bits ? bits - 1 : n)); }                    \
    OP u div_##u(u a, u b) { return b ? a / b : (u)-1; }                                            \
    OP u rem_##u(u a, u b) { return b ? a % b : a; }                                                \
    OP u div_##s(u a, u b) { return !b ? (u)-1 : (s)b == -1 ? (u)-a : (u)((s)a / (s)b); }           \
    OP u rem_##s(u a, u b) { return !b ? a : (s)b == -1 ? 0 : (u)((s)a % (s)b); }                   \
    OP u mulhi_##u(u a, u b) { return (u)(((wide_u)a * b) >> bits); }                               \
    OP u mulhi_##s(u a, u b) { return (u)(((wide_s)(s)a * (s)b) >> bits); }                         \
    OP u min_##u(u a, u b) { return a < b ? a : b; }                                                \
    OP u max_##u(u a, u b) { return a > b ? a : b; }                                                \
    OP u min_##s(u a, u b) { return (s)a < (s)b ? a : b; }                                          \
    OP u max_##s(u a, u b) { return (s)a > (s)b ? a : b; }                                          \
    OP u abs_##s(u a) { return (s)a < 0 ? (u)-a : a; }                                              \
    OP u bfe_##u(u a, u32 at, u32 n) { at &= 255; n &= 255; a = shr_##u(a, at); return n >= bits ? a : a & (((u)1 << n) - 1); } \
    OP u bfe_##s(u a, u32 at, u32 n) {                                                              \
        at &= 255; n &= 255;                                                                        \
        if (!n) return 0;                                                                           \
        if (at + n > bits) return shr_##s(a, at);                                                   \
        return (u)((s)((u)(a << (bits - at - n))) >> (bits - n));                                   \
    }                                                                                               \
    OP u bfi_##u(u a, u b, u32 at, u32 n) {                                                         \
        at &= 255; n &= 255;                                                                        \
        u mask = shl_##u(n >= bits ? (u)-1 : (u)(((u)1 << n) - 1), at);                             \
        return (b & ~mask) | (shl_##u(a, at) & mask);                                               \
    }
INTEGERS(u16, s16, 16, u32, s32)
INTEGERS(u32, s32, 32, u64, s64)
INTEGERS(u64, s64, 64, u128, s128)

OP u32 clz_32(u32 a) { return a ? __builtin_clz(a) : 32; }
OP u32 clz_64(u64 a) { return a ? __builtin_clzll(a) : 64; }
OP u32 brev_32(u32 a) { u32 r = 0; for (int i = 0; i < 32; i++) r |= (a >> i & 1) << (31 - i); return r; }
OP u64 brev_64(u64 a) { return (u64)brev_32((u32)a) << 32 | brev_32((u32)(a >> 32)); }
OP u32 bfind_u32(u32 a) { return a ? 31 - __builtin_clz(a) : (u32)-1; }
OP u32 bfind_u64(u64 a) { return a ? 63 - __builtin_clzll(a) : (u32)-1; }
OP u32 prmt(u32 a, u32 b, u32 c) {
    u64 all = (u64)b << 32 | a;
    u32 r = 0;
    for (int i = 0; i < 4; i++) {
        u32 k = c >> (4 * i) & 15, x = all >> (8 * (k & 7)) & 255;
        r |= (k & 8 ? (x & 128 ? 255 : 0) : x) << (8 * i);
    }
    return r;
}
OP u32 shf_l(u32 a, u32 b, u32 n) { return n ? (n >= 32 ? a : b << n | a >> (32 - n)) : b; }
OP u32 shf_r(u32 a, u32 b, u32 n) { return n ? (n >= 32 ? b : a >> n | b << (32 - n)) : a; }
OP u32 lop3(u32 a, u32 b, u32 c, u32 table) {
    u32 r = 0;
    for (int i = 0; i < 8; i++) if (table >> i & 1) r |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    return r;
}

/* floats: one NaN loses against a number; comparisons of both kinds; conversions that saturate */
#define FLOATS(f, s)                                                                                \
    OP f min_##f(f a, f b) { return a != a ? b : b != b ? a : a == b ? (signbit(a) ? a : b) : a < b ? a : b; } \
    OP f max_##f(f a, f b) { return a != a ? b : b != b ? a : a == b ? (signbit(a) ? b : a) : a > b ? a : b; } \
    OP f minnan_##f(f a, f b) { return a != a || b != b ? NAN : min_##f(a, b); }                    \
    OP f maxnan_##f(f a, f b) { return a != a || b != b ? NAN : max_##f(a, b); }                    \
    OP f sat_##f(f a) { return a != a ? 0 : a < 0 ? 0 : a > 1 ? 1 : a; }                            \
    OP int num_##f(f a, f b) { return a == a && b == b; }                                           \
    OP f rni_##f(f a) { return __builtin_rint##s(a); }                                              \
    OP f rzi_##f(f a) { return __builtin_trunc##s(a); }                                             \
    OP f rmi_##f(f a) { return __builtin_floor##s(a); }                                             \
    OP f rpi_##f(f a) { return __builtin_ceil##s(a); }                                              \
    OP f ftz_##f(f a) { return fpclassify(a) == FP_SUBNORMAL ? copysign##s(0, a) : a; }
FLOATS(f32, f)
FLOATS(f64, )

OP u64 int_of(f64 a, f64 low, f64 above, u64 lowest, u64 highest, u64 nan) {
    return a != a ? nan : a < low ? lowest : a >= above ? highest : low < 0 ? (u64)(s64)a : (u64)a;
}
OP u64 to_s8(f64 a) { return int_of(a, -0x1p7, 0x1p7, -128, 127, 0); }
OP u64 to_s16(f64 a) { return int_of(a, -0x1p15, 0x1p15, -32768, 32767, 0); }
OP u64 to_s32(f64 a) { return int_of(a, -0x1p31, 0x1p31, (u64)INT32_MIN, INT32_MAX, 0); }
OP u64 to_s64(f64 a) { return int_of(a, -0x1p63, 0x1p63, (u64)INT64_MIN, INT64_MAX, (u64)INT64_MIN); }
OP u64 to_u8(f64 a) { return int_of(a, 0, 0x1p8, 0, 255, 0); }
OP u64 to_u16(f64 a) { return int_of(a, 0, 0x1p16, 0, 65535, 0); }
OP u64 to_u32(f64 a) { return int_of(a, 0, 0x1p32, 0, UINT32_MAX, 0); }
OP u64 to_u64(f64 a) { return int_of(a, 0, 0x1p64, 0, UINT64_MAX, (u64)1 << 63); }

/* a * b + c of float32, rounded down (-1), up (1) or toward zero (0): the sum in float64, and what that lost */
OP f32 directed(f64 sum, f64 lost, int way) {
    f32 r = (f32)sum;
    if (!isfinite(sum) || isinf(r)) return r;
    int above = (f64)r > sum || ((f64)r == sum && lost < 0), below = (f64)r < sum || ((f64)r == sum && lost > 0);
    if (way == 0) way = sum > 0 || (sum == 0 && lost > 0) ? -1 : 1;
    return way < 0 && above ? nextafterf(r, -INFINITY) : way > 0 && below ? nextafterf(r, INFINITY) : r;
}
OP f32 fma_directed(f32 a, f32 b, f32 c, int way) {
    f64 p = (f64)a * b, d = c, s = p + d, x = s - p;
    return directed(s, (p - (s - x)) + (d - x), way);
}
OP f64 rcp_approx_f64(f64 a) { return as_f64(of_f64(1 / a) & 0xffffffff00000000u); }
OP f64 rsqrt_approx_f64(f64 a) { return as_f64(of_f64(1 / sqrt(a)) & 0xffffffff00000000u); }
