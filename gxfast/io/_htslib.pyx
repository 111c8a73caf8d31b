# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Genotypes and sequence straight from pysam's own htslib: no Python object per genotype.

A reader owns one htslib handle and must not be shared between threads; gxfast.io.vcf and
gxfast.io.fasta keep one per thread. Arguments are checked there.
"""

from cpython.bytearray cimport PyByteArray_FromStringAndSize
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset, strlen

from libcpp cimport bool as cbool

from pysam.libchtslib cimport (
    BCF_BT_CHAR, BCF_BT_INT8, BCF_BT_INT16, BCF_BT_INT32, BCF_ERR_CTG_UNDEF, BCF_ERR_TAG_UNDEF, BCF_UN_FMT, BCF_UN_STR,
    bcf1_t, bcf_destroy, bcf_fmt_t, bcf_get_fmt, bcf_hdr_destroy, bcf_hdr_id2name, bcf_hdr_name2id,
    bcf_hdr_read, bcf_hdr_set_samples, bcf_hdr_t, bcf_index_load3, bcf_init, bcf_itr_next,
    bcf_itr_queryi, bcf_subset_format, bcf_unpack, fai_destroy, fai_load3, faidx_fetch_seq64, faidx_iseq,
    faidx_nseq, faidx_seq_len64, faidx_t, hts_close, hts_idx_destroy, hts_idx_t, hts_itr_destroy, hts_itr_t,
    hts_open, htsFile, kstring_t, tbx_destroy, tbx_index_load3, tbx_itr_next, tbx_itr_queryi, tbx_name2id,
    tbx_t, vcf_format1, vcf_parse,
)

cdef extern from "gxfast/genotype_text.hpp" namespace "gxfast" nogil:
    cppclass PhaseFields:
        cbool any() const
    struct PlainLine:
        int64_t position
        const char *ref
        int64_t ref_length
        const char *alt
        int64_t alt_length
        cbool passed
        int64_t n_fields
        PhaseFields phase
        const char *samples
        int64_t samples_length
    bint split_plain_line(const char *line, int64_t length, PlainLine &out)
    int read_plain_calls(const char *text, int64_t length, int64_t n_samples, int64_t n_fields, int8_t *calls,
                         uint8_t *unphased)
    void read_phase_sets(const char *text, int64_t length, int64_t n_samples, const PhaseFields &fields,
                         int8_t *calls, uint8_t *unphased, int64_t *sets)
    int64_t phase_set_of(const char *text, int64_t length)
    int64_t phase_set_of_number "gxfast::phase_set_of"(int64_t number)
    cbool order_by_pgt(const char *text, int64_t length, int8_t *call)
    int read_plain_calls_bcf(const uint8_t *values, int64_t n_samples, int8_t *calls, uint8_t *unphased)

cdef extern from "htslib/hts.h" nogil:
    int HTS_VERSION
    const char *hts_version()

# Structures are read as the headers of the build have them: another htslib may have changed them.
_BUILT = f"{HTS_VERSION // 100000}.{HTS_VERSION // 100 % 1000}"
_FOUND = hts_version().decode()
if ".".join(_FOUND.partition("-")[0].split(".")[:2]) != _BUILT:
    raise ImportError(f"compiled for htslib {_BUILT}, and pysam has {_FOUND}")

# Reasons why a record stops the reading; gxfast.io.vcf words them.
OK, IO_ERROR, BAD_RECORD, NO_GT, BAD_ALLELE, BAD_PLOIDY, BAD_COLUMNS, UNSORTED, NO_MEMORY = range(9)
cdef enum Status:
    C_OK, C_IO_ERROR, C_BAD_RECORD, C_NO_GT, C_BAD_ALLELE, C_BAD_PLOIDY, C_BAD_COLUMNS, C_UNSORTED, C_NO_MEMORY

cdef struct Buffer:
    char *data
    size_t used
    size_t capacity


# The columns of the records read so far, as VariantReader.query returns them
cdef struct Columns:
    Buffer position
    Buffer ref_length
    Buffer n_alleles
    Buffer lengths
    Buffer bases
    Buffer calls
    Buffer unphased
    Buffer passed
    Buffer sets  # of all calls, or nothing as long as no record names one
    Buffer info  # a line per record with an allele such as <DEL> or <CN0>


cdef int append(Buffer *buffer, const void *source, size_t size) noexcept nogil:
    cdef size_t wanted
    cdef char *grown
    if buffer.used + size > buffer.capacity:
        wanted = 2 * (buffer.used + size) + 4096
        grown = <char *>realloc(buffer.data, wanted)
        if grown == NULL:
            return -1
        buffer.data = grown
        buffer.capacity = wanted
    if source != NULL:
        memcpy(buffer.data + buffer.used, source, size)
    buffer.used += size
    return 0


cdef int append_zeros(Buffer *buffer, size_t size) noexcept nogil:
    if append(buffer, NULL, size) != 0:
        return -1
    memset(buffer.data + buffer.used - size, 0, size)
    return 0


cdef bytearray take(Buffer *buffer):
    return PyByteArray_FromStringAndSize(buffer.data, buffer.used)


cdef inline int32_t number_at(const bcf_fmt_t *fmt, Py_ssize_t index) noexcept nogil:
    """An entry of a field of numbers. A record packs them: they stand at any address."""
    cdef int16_t narrow
    cdef int32_t value
    if fmt.type == BCF_BT_INT8:
        return (<int8_t *>fmt.p)[index]
    if fmt.type == BCF_BT_INT16:
        memcpy(&narrow, fmt.p + 2 * index, 2)
        return narrow
    memcpy(&value, fmt.p + 4 * index, 4)
    return value


cdef inline int32_t gt_value(const bcf_fmt_t *fmt, Py_ssize_t index) noexcept nogil:
    """BCF's encoding of one GT entry; end-of-vector is mapped to INT32_MIN + 1 for every width."""
    cdef int32_t value = number_at(fmt, index)
    if fmt.type == BCF_BT_INT8:
        return -2147483647 if value == -127 else (0 if value == -128 else value)
    if fmt.type == BCF_BT_INT16:
        return -2147483647 if value == -32767 else (0 if value == -32768 else value)
    return 0 if value == -2147483648 else value


cdef int decode_calls(const bcf_fmt_t *fmt, int n_samples, int n_allele, int8_t *calls,
                      uint8_t *unphased) noexcept nogil:
    """calls: (n_samples, 2), -1 missing, -2 no second haplotype; unphased: 1 where the order is unknown."""
    cdef int s, k, a, b
    cdef int32_t first, second
    if fmt.type == BCF_BT_INT8 and fmt.n == 2:
        a = read_plain_calls_bcf(<const uint8_t *>fmt.p, n_samples, calls, unphased)
        if 0 <= a < n_allele:
            return C_OK
    if fmt.type != BCF_BT_INT8 and fmt.type != BCF_BT_INT16 and fmt.type != BCF_BT_INT32:
        return C_BAD_RECORD
    for s in range(n_samples):
        first = gt_value(fmt, <Py_ssize_t>s * fmt.n)
        second = gt_value(fmt, <Py_ssize_t>s * fmt.n + 1) if fmt.n > 1 else -2147483647
        for k in range(2, fmt.n):
            if gt_value(fmt, <Py_ssize_t>s * fmt.n + k) != -2147483647:
                return C_BAD_PLOIDY
        a = (first >> 1) - 1 if first != -2147483647 else -1
        b = (second >> 1) - 1 if second != -2147483647 else -2
        if a >= n_allele or b >= n_allele or a > 126 or b > 126 or a < -1 or b < -2:
            return C_BAD_ALLELE
        calls[2 * s] = <int8_t>a
        calls[2 * s + 1] = <int8_t>b
        unphased[s] = 1 if (b != -2 and a != b and not (second & 1)) else 0
    return C_OK


cdef int64_t set_in(const bcf_fmt_t *fmt, int s) noexcept nogil:
    """Phase set of one call by one field of the record."""
    cdef const char *text
    cdef int length = 0
    cdef int32_t number
    if fmt == NULL or fmt.p == NULL or fmt.n == 0:
        return 0
    if fmt.type == BCF_BT_CHAR:
        text = <const char *>fmt.p + <Py_ssize_t>s * fmt.n
        while length < fmt.n and text[length] != 0:
            length += 1
        return phase_set_of(text, length)
    if fmt.type != BCF_BT_INT8 and fmt.type != BCF_BT_INT16 and fmt.type != BCF_BT_INT32:
        return 0
    number = number_at(fmt, <Py_ssize_t>s * fmt.n)
    if fmt.type == BCF_BT_INT8:
        return 0 if number <= -127 else phase_set_of_number(number)
    if fmt.type == BCF_BT_INT16:
        return 0 if number <= -32767 else phase_set_of_number(number)
    return 0 if number <= -2147483647 else phase_set_of_number(number)


cdef bint is_described(const char *allele) noexcept nogil:
    """Whether INFO says what the allele is: <DEL...>, <DUP...>, <CN0>, <CNV...>."""
    return allele[0] == 60 and allele[1] in (67, 68, 99, 100)  # < C D c d


cdef class VariantReader:
    """One open VCF/BCF with its index, restricted to some samples (kept in file order)."""

    cdef htsFile *_file
    cdef bcf_hdr_t *_header
    cdef tbx_t *_tabix
    cdef hts_idx_t *_index
    cdef bcf1_t *_record
    cdef bint _is_bcf
    cdef int _n_samples
    cdef int _n_columns
    cdef int *_kept  # file column of each sample read; NULL if all are
    cdef Buffer _scratch  # calls and phases of all columns, where some are left out
    cdef Buffer _scratch_sets  # their phase sets
    cdef readonly int64_t failed_position
    cdef readonly int n_samples

    def __cinit__(self, bytes path, bytes index, bint is_bcf, bytes samples, int n_samples_in_file):
        self._is_bcf = is_bcf
        self._file = hts_open(path, "r")
        if self._file == NULL:
            raise OSError("htslib cannot open the file")
        self._header = bcf_hdr_read(self._file)
        if self._header == NULL:
            raise OSError("htslib cannot read the header")
        self.n_samples = self._n_samples = samples.count(b",") + 1 if samples else 0
        if self._n_samples > n_samples_in_file:
            raise OSError("more samples than the file has")
        # Asked for everybody by name, htslib would copy every record.
        if self._n_samples < n_samples_in_file and bcf_hdr_set_samples(self._header, samples, 0) != 0:
            raise OSError("htslib cannot select the samples")
        # flags 2 = HTS_IDX_SILENT_FAIL: the caller words the error
        if is_bcf:
            self._index = bcf_index_load3(path, index, 2)
        else:
            self._tabix = tbx_index_load3(path, index, 2)
        if self._index == NULL and self._tabix == NULL:
            raise OSError("htslib cannot load the index")
        self._record = bcf_init()
        if self._record == NULL:
            raise MemoryError
        self._n_columns = 9 + n_samples_in_file
        if self._header.keep_samples != NULL:
            self._remember_kept(n_samples_in_file)

    cdef int _remember_kept(self, int n_in_file) except -1:
        cdef int column, n = 0
        self._kept = <int *>realloc(NULL, sizeof(int) * (self._n_samples + 1))
        if self._kept == NULL or append(&self._scratch, NULL, 3 * <size_t>n_in_file) != 0:
            raise MemoryError
        if append(&self._scratch_sets, NULL, 8 * <size_t>n_in_file) != 0:
            raise MemoryError
        for column in range(n_in_file):
            if self._header.keep_samples[column // 8] >> (column % 8) & 1:
                if n == self._n_samples:
                    raise OSError("htslib kept other samples than were asked for")
                self._kept[n] = column
                n += 1
        if n != self._n_samples:
            raise OSError("htslib kept other samples than were asked for")
        return 0

    def __dealloc__(self):
        free(self._kept)
        free(self._scratch.data)
        free(self._scratch_sets.data)
        if self._record != NULL:
            bcf_destroy(self._record)
        if self._tabix != NULL:
            tbx_destroy(self._tabix)
        if self._index != NULL:
            hts_idx_destroy(self._index)
        if self._header != NULL:
            bcf_hdr_destroy(self._header)
        if self._file != NULL:
            hts_close(self._file)

    def query(self, bytes contig, int64_t start, int64_t end):
        """Read all records that overlap [start, end) of a contig.

        Returns (status, position, ref_length, n_alleles, allele_lengths, bases, calls, unphased, passed,
        phase_sets, info) as bytearrays of int64, int64, int32, int32, letters, int8, uint8, uint8, int64, text;
        contig unknown to the index means no records. phase_sets is empty where no record names one; info has a line
        for every record with an allele that INFO describes (such as <DEL>).
        """
        cdef Columns out
        cdef kstring_t line
        cdef hts_itr_t *iterator = NULL
        cdef int status = C_OK
        cdef int tid = bcf_hdr_name2id(self._header, contig) if self._is_bcf else tbx_name2id(self._tabix, contig)
        line.l = line.m = 0
        line.s = NULL
        memset(&out, 0, sizeof(out))
        try:
            if tid >= 0:
                if self._is_bcf:
                    iterator = bcf_itr_queryi(self._index, tid, start, end)
                else:
                    iterator = tbx_itr_queryi(self._tabix, tid, start, end)
            if iterator != NULL:
                with nogil:
                    status = self._read_all(iterator, &line, &out)
            return (status, take(&out.position), take(&out.ref_length), take(&out.n_alleles), take(&out.lengths),
                    take(&out.bases), take(&out.calls), take(&out.unphased), take(&out.passed),
                    take(&out.sets), take(&out.info))
        finally:
            if iterator != NULL:
                hts_itr_destroy(iterator)
            free(out.position.data)
            free(out.ref_length.data)
            free(out.n_alleles.data)
            free(out.lengths.data)
            free(out.bases.data)
            free(out.calls.data)
            free(out.unphased.data)
            free(out.passed.data)
            free(out.sets.data)
            free(out.info.data)
            free(line.s)

    cdef int _read_all(self, hts_itr_t *iterator, kstring_t *line, Columns *out) noexcept nogil:
        cdef int64_t last = -1
        cdef int code, status
        while True:
            if self._is_bcf:
                code = bcf_itr_next(self._file, iterator, self._record)
            else:
                code = tbx_itr_next(self._file, self._tabix, iterator, line)
            if code < 0:
                return C_OK if code == -1 else C_IO_ERROR
            status = self._store_bcf(out) if self._is_bcf else self._store_line(line, out)
            if status != C_OK:
                return status
            if self.failed_position < last:
                return C_UNSORTED
            last = self.failed_position

    cdef int _store_bcf(self, Columns *out) noexcept nogil:
        if self._header.keep_samples != NULL:
            bcf_subset_format(self._header, self._record)
        return self._store_record(out)

    cdef int _store_line(self, kstring_t *line, Columns *out) noexcept nogil:
        cdef size_t i
        cdef int columns = 1
        # Nearly every line is of one plain kind; htslib parses the others, and words what is wrong with them.
        cdef int plain = self._store_plain(line, out)
        if plain != 0:
            return C_OK if plain == 1 else C_NO_MEMORY
        for i in range(line.l):
            columns += line.s[i] == 9
        if columns != self._n_columns:
            return C_BAD_COLUMNS
        if self._store_info(line, out) != 0:
            return C_NO_MEMORY
        if vcf_parse(line, self._header, self._record) < 0:
            return C_BAD_RECORD
        return self._store_record(out)

    cdef int _store_info(self, kstring_t *line, Columns *out) noexcept nogil:
        """Keep INFO of a line whose ALT has an allele that it describes."""
        cdef size_t i, begin = 0
        cdef int column = 0
        cdef bint described = False
        for i in range(line.l):
            if line.s[i] == 9:
                column += 1
                if column == 8:
                    break
                begin = i + 1 if column == 7 else begin
            elif column == 4 and line.s[i - 1] in (9, 44) and is_described(line.s + i):
                described = True
        if not described:
            return 0
        return append(&out.info, line.s + begin, i - begin) | append(&out.info, b"\n", 1)

    cdef int _store_sets(self, const PlainLine *plain, int8_t *calls, uint8_t *unphased, Columns *out) noexcept nogil:
        """Phase sets of a plain line, as soon as a line of the region has named one."""
        cdef int64_t *sets
        cdef int n_in_file = self._n_columns - 9
        if not plain.phase.any():
            return append_zeros(&out.sets, 8 * <size_t>self._n_samples) if out.sets.used else 0
        sets = self._new_sets(out)
        if sets == NULL:
            return -1
        if self._kept != NULL:
            sets = <int64_t *>self._scratch_sets.data
        read_phase_sets(plain.samples, plain.samples_length, n_in_file, plain.phase, calls, unphased, sets)
        return 0

    cdef int64_t *_new_sets(self, Columns *out) noexcept nogil:
        """Room for the sets of one more record; all before it have none if it is the first."""
        cdef size_t size = 8 * <size_t>self._n_samples
        cdef size_t before = size * (out.position.used // 8)
        if out.sets.used < before and append_zeros(&out.sets, before - out.sets.used) != 0:
            return NULL
        if append_zeros(&out.sets, size) != 0:
            return NULL
        return <int64_t *>(out.sets.data + out.sets.used - size)

    cdef int _store_plain(self, kstring_t *line, Columns *out) noexcept nogil:
        """1: stored; 0: not a plain line, nothing stored; -1: no memory."""
        cdef PlainLine plain
        cdef int8_t *calls
        cdef uint8_t *unphased
        cdef int64_t *sets
        cdef int32_t n_alleles = 1, number, s
        cdef int64_t i, begin = 0
        cdef int n_in_file = self._n_columns - 9, largest, failed = 0
        cdef uint8_t flag
        if self._n_samples == 0 or not split_plain_line(line.s, line.l, plain):
            return 0
        if plain.alt_length > 0:
            n_alleles += 1
            for i in range(plain.alt_length):
                n_alleles += plain.alt[i] == 44
        if append(&out.calls, NULL, 2 * <size_t>self._n_samples) != 0:
            return -1
        if append(&out.unphased, NULL, <size_t>self._n_samples) != 0:
            return -1
        calls = <int8_t *>(out.calls.data + out.calls.used - 2 * <size_t>self._n_samples)
        unphased = <uint8_t *>(out.unphased.data + out.unphased.used - <size_t>self._n_samples)
        if self._kept == NULL:
            largest = read_plain_calls(plain.samples, plain.samples_length, n_in_file, plain.n_fields, calls,
                                       unphased)
        else:
            largest = read_plain_calls(plain.samples, plain.samples_length, n_in_file, plain.n_fields,
                                       <int8_t *>self._scratch.data, <uint8_t *>self._scratch.data + 2 * n_in_file)
        if largest < 0 or largest >= n_alleles:
            out.calls.used -= 2 * <size_t>self._n_samples
            out.unphased.used -= <size_t>self._n_samples
            return 0
        if self._store_sets(
            &plain,
            calls if self._kept == NULL else <int8_t *>self._scratch.data,
            unphased if self._kept == NULL else <uint8_t *>self._scratch.data + 2 * n_in_file,
            out,
        ) != 0:
            return -1
        if self._kept != NULL:
            if plain.phase.any():
                sets = <int64_t *>(out.sets.data + out.sets.used) - self._n_samples
                for s in range(self._n_samples):
                    sets[s] = (<int64_t *>self._scratch_sets.data)[self._kept[s]]
            for s in range(self._n_samples):
                calls[2 * s] = self._scratch.data[2 * self._kept[s]]
                calls[2 * s + 1] = self._scratch.data[2 * self._kept[s] + 1]
                unphased[s] = self._scratch.data[2 * n_in_file + self._kept[s]]
        self.failed_position = plain.position
        failed |= append(&out.position, &plain.position, 8)
        failed |= append(&out.ref_length, &plain.ref_length, 8)
        failed |= append(&out.n_alleles, &n_alleles, 4)
        number = <int32_t>plain.ref_length
        failed |= append(&out.lengths, &number, 4)
        failed |= append(&out.bases, plain.ref, plain.ref_length)
        if plain.alt_length > 0:
            for i in range(plain.alt_length + 1):
                if i == plain.alt_length or plain.alt[i] == 44:
                    number = <int32_t>(i - begin)
                    failed |= append(&out.lengths, &number, 4)
                    failed |= append(&out.bases, plain.alt + begin, number)
                    begin = i + 1
        flag = plain.passed
        failed |= append(&out.passed, &flag, 1)
        return -1 if failed else 1

    cdef int _store_record(self, Columns *out) noexcept nogil:
        cdef bcf_fmt_t *fmt
        cdef int64_t value
        cdef int32_t number, i
        cdef uint8_t flag
        cdef int failed = 0, status
        if self._record.errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF):
            return C_BAD_RECORD
        self.failed_position = self._record.pos
        # FILTER is unpacked with the alleles only when asked for (BCF_UN_FLT = 2)
        if bcf_unpack(self._record, BCF_UN_STR | 2 | BCF_UN_FMT) < 0:
            return C_BAD_RECORD
        if self._n_samples:
            fmt = bcf_get_fmt(self._header, self._record, "GT")
            if fmt == NULL or fmt.p == NULL:
                return C_NO_GT
        if self._is_bcf and self._store_bcf_info(out) != 0:
            return C_NO_MEMORY
        value = self._record.pos
        failed |= append(&out.position, &value, 8)
        value = self._record.rlen
        failed |= append(&out.ref_length, &value, 8)
        number = self._record.n_allele
        failed |= append(&out.n_alleles, &number, 4)
        for i in range(<int32_t>self._record.n_allele):
            number = <int32_t>strlen(self._record.d.allele[i])
            failed |= append(&out.lengths, &number, 4)
            failed |= append(&out.bases, self._record.d.allele[i], number)
        flag = self._record.d.n_flt == 0 or (self._record.d.n_flt == 1 and self._record.d.flt[0] == 0)
        failed |= append(&out.passed, &flag, 1)
        failed |= append(&out.calls, NULL, 2 * <size_t>self._n_samples)
        failed |= append(&out.unphased, NULL, <size_t>self._n_samples)
        if failed:
            return C_NO_MEMORY
        if self._n_samples == 0:
            return C_OK
        status = decode_calls(
            fmt, self._n_samples, self._record.n_allele,
            <int8_t *>(out.calls.data + out.calls.used - 2 * <size_t>self._n_samples),
            <uint8_t *>(out.unphased.data + out.unphased.used - <size_t>self._n_samples),
        )
        return self._store_record_sets(out) if status == C_OK else status

    cdef int _store_record_sets(self, Columns *out) noexcept nogil:
        """Phase sets of a parsed record, as read_phase_sets() finds them in a line; its calls are stored already."""
        cdef bcf_fmt_t *ps = bcf_get_fmt(self._header, self._record, "PS")
        cdef bcf_fmt_t *psl = bcf_get_fmt(self._header, self._record, "PSL")
        cdef bcf_fmt_t *pid = bcf_get_fmt(self._header, self._record, "PID")
        cdef bcf_fmt_t *pgt = bcf_get_fmt(self._header, self._record, "PGT")
        cdef int8_t *calls = <int8_t *>(out.calls.data + out.calls.used - 2 * <size_t>self._n_samples)
        cdef uint8_t *unphased = <uint8_t *>(out.unphased.data + out.unphased.used - <size_t>self._n_samples)
        cdef int64_t *sets
        cdef int64_t found
        cdef int s
        cdef size_t size = 8 * <size_t>self._n_samples
        if ps == NULL and psl == NULL and pid == NULL:
            return C_OK if not out.sets.used or append_zeros(&out.sets, size) == 0 else C_NO_MEMORY
        out.position.used -= 8  # of this record, which is stored
        sets = self._new_sets(out)
        out.position.used += 8
        if sets == NULL:
            return C_NO_MEMORY
        for s in range(self._n_samples):
            if calls[2 * s] == calls[2 * s + 1] or calls[2 * s + 1] == -2:
                continue
            found = set_in(ps, s)
            if found == 0:
                found = set_in(psl, s)
            if found == 0:
                found = set_in(pid, s)
            if unphased[s] and found != 0 and self._ordered(pgt, s, calls + 2 * s):
                unphased[s] = 0
            sets[s] = 0 if unphased[s] else found
        return C_OK

    cdef bint _ordered(self, const bcf_fmt_t *pgt, int s, int8_t *call) noexcept nogil:
        if pgt == NULL or pgt.p == NULL or pgt.type != BCF_BT_CHAR or pgt.n < 3:
            return False
        if pgt.n > 3 and pgt.p[<Py_ssize_t>s * pgt.n + 3] != 0:
            return False
        return order_by_pgt(<const char *>pgt.p + <Py_ssize_t>s * pgt.n, 3, call)

    cdef int _store_bcf_info(self, Columns *out) noexcept nogil:
        """Keep INFO of a BCF record with an allele that it describes, as text."""
        cdef kstring_t line
        cdef bint described = False
        cdef int i, failed
        for i in range(<int32_t>self._record.n_allele):
            described |= is_described(self._record.d.allele[i])
        if not described:
            return 0
        line.l = line.m = 0
        line.s = NULL
        failed = vcf_format1(self._header, self._record, &line)
        if failed == 0:
            failed = self._store_info(&line, out)
        free(line.s)
        return failed


cdef class FastaReader:
    """One open indexed FASTA."""

    cdef faidx_t *_index

    def __cinit__(self, bytes path):
        self._index = fai_load3(path, NULL, NULL, 0)
        if self._index == NULL:
            raise OSError("htslib cannot load the FASTA index")

    def __dealloc__(self):
        if self._index != NULL:
            fai_destroy(self._index)

    def contigs(self):
        """Names and lengths, in file order."""
        cdef int i
        cdef const char *name
        found = []
        for i in range(faidx_nseq(self._index)):
            name = faidx_iseq(self._index, i)
            found.append((name.decode(), faidx_seq_len64(self._index, name)))
        return found

    def fetch(self, bytes contig, int64_t start, int64_t end):
        """Letters of [start, end), which must lie inside the contig; None on a read error."""
        cdef int64_t length = 0
        cdef char *letters
        cdef const char *name = contig
        if start >= end:
            return b""
        with nogil:
            letters = faidx_fetch_seq64(self._index, name, start, end - 1, &length)
        if letters == NULL:
            return None
        try:
            return letters[:length]
        finally:
            free(letters)
