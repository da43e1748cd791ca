#ifndef CSV_WRITER_H
#define CSV_WRITER_H

#include "base/strbuf.h"
#include "csv/reader.h"

/* Appends a row, with quotes where they are needed. */
void csv_write(struct strbuf *out, const struct csv_row *row);

#endif
