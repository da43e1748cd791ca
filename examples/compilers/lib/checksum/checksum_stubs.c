/* These see the headers of the OCaml compiler that the context has, so each context compiles them for itself. */
#define CAML_NAME_SPACE
#include <caml/alloc.h>
#include <caml/mlvalues.h>
#include "hash.h"

#define BYTES(s) ((const unsigned char *)String_val(s))

value tally_crc32(value s) { return caml_copy_int32(crc32_update(CRC32_START, BYTES(s), caml_string_length(s))); }
value tally_adler32(value s) { return caml_copy_int32(adler32_update(ADLER32_START, BYTES(s), caml_string_length(s))); }
value tally_fnv1a(value s) { return caml_copy_int64(fnv1a_update(FNV1A_START, BYTES(s), caml_string_length(s))); }
