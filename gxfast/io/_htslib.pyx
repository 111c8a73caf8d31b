# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Genotypes and sequence straight from pysam's own htslib: no Python object per genotype.

A reader owns one htslib handle and must not be shared between threads; gxfast.io.vcf and
gxfast.io.fasta keep one per thread. Arguments are checked there.
"""

from cpython.bytearray cimport PyByteArray_FromStringAndSize
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, strlen

from pysam.libchtslib cimport (
    BCF_BT_INT8, BCF_BT_INT16, BCF_BT_INT32, BCF_ERR_CTG_UNDEF, BCF_ERR_TAG_UNDEF, BCF_UN_FMT, BCF_UN_STR,
    bcf1_t, bcf_destroy, bcf_fmt_t, bcf_get_fmt, bcf_hdr_destroy, bcf_hdr_id2name, bcf_hdr_name2id,
    bcf_hdr_read, bcf_hdr_set_samples, bcf_hdr_t, bcf_index_load3, bcf_init, bcf_itr_next,
    bcf_itr_queryi, bcf_subset_format, bcf_unpack, fai_destroy, fai_load3, faidx_fetch_seq64, faidx_iseq,
    faidx_nseq, faidx_seq_len64, faidx_t, hts_close, hts_idx_destroy, hts_idx_t, hts_itr_destroy, hts_itr_t,
    hts_open, htsFile, kstring_t, tbx_destroy, tbx_index_load3, tbx_itr_next, tbx_itr_queryi, tbx_name2id,
    tbx_t, vcf_parse,
)

# Reasons why a record stops the reading; gxfast.io.vcf words them.
OK, IO_ERROR, BAD_RECORD, NO_GT, BAD_ALLELE, BAD_PLOIDY, BAD_COLUMNS, UNSORTED, NO_MEMORY = range(9)
cdef enum Status:
    C_OK, C_IO_ERROR, C_BAD_RECORD, C_NO_GT, C_BAD_ALLELE, C_BAD_PLOIDY, C_BAD_COLUMNS, C_UNSORTED, C_NO_MEMORY

cdef struct Buffer:
    char *data
    size_t used
    size_t capacity


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


cdef bytearray take(Buffer *buffer):
    return PyByteArray_FromStringAndSize(buffer.data, buffer.used)


cdef inline int32_t gt_value(const bcf_fmt_t *fmt, Py_ssize_t index) noexcept nogil:
    """BCF's encoding of one GT entry; end-of-vector is mapped to INT32_MIN + 1 for every width."""
    cdef int32_t value
    if fmt.type == BCF_BT_INT8:
        value = (<int8_t *>fmt.p)[index]
        return -2147483647 if value == -127 else (0 if value == -128 else value)
    if fmt.type == BCF_BT_INT16:
        value = (<int16_t *>fmt.p)[index]
        return -2147483647 if value == -32767 else (0 if value == -32768 else value)
    value = (<int32_t *>fmt.p)[index]
    return 0 if value == -2147483648 else value


cdef int decode_calls(const bcf_fmt_t *fmt, int n_samples, int n_allele, int8_t *calls,
                      uint8_t *unphased) noexcept nogil:
    """calls: (n_samples, 2), -1 missing, -2 no second haplotype; unphased: 1 where the order is unknown."""
    cdef int s, k, a, b
    cdef int32_t first, second
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
    cdef readonly int64_t failed_position
    cdef readonly int n_samples

    def __cinit__(self, bytes path, bint is_bcf, bytes samples, int n_samples_in_file):
        self._is_bcf = is_bcf
        self._file = hts_open(path, "r")
        if self._file == NULL:
            raise OSError("htslib cannot open the file")
        self._header = bcf_hdr_read(self._file)
        if self._header == NULL:
            raise OSError("htslib cannot read the header")
        if bcf_hdr_set_samples(self._header, samples, 0) != 0:
            raise OSError("htslib cannot select the samples")
        # flags 2 = HTS_IDX_SILENT_FAIL: the caller words the error
        if is_bcf:
            self._index = bcf_index_load3(path, NULL, 2)
        else:
            self._tabix = tbx_index_load3(path, NULL, 2)
        if self._index == NULL and self._tabix == NULL:
            raise OSError("htslib cannot load the index")
        self._record = bcf_init()
        if self._record == NULL:
            raise MemoryError
        self.n_samples = self._n_samples = samples.count(b",") + 1 if samples else 0
        self._n_columns = 9 + n_samples_in_file

    def __dealloc__(self):
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

        Returns (status, position, ref_length, n_alleles, allele_lengths, bases, calls, unphased, passed)
        as bytearrays of int64, int64, int32, int32, letters, int8, uint8, uint8; contig unknown to the
        index means no records.
        """
        cdef Buffer position = [NULL, 0, 0], ref_length = [NULL, 0, 0], n_alleles = [NULL, 0, 0]
        cdef Buffer lengths = [NULL, 0, 0], bases = [NULL, 0, 0], calls = [NULL, 0, 0]
        cdef Buffer unphased = [NULL, 0, 0], passed = [NULL, 0, 0]
        cdef kstring_t line
        cdef hts_itr_t *iterator = NULL
        cdef int status = C_OK, code
        cdef int64_t last = -1
        cdef int tid = bcf_hdr_name2id(self._header, contig) if self._is_bcf else tbx_name2id(self._tabix, contig)
        line.l = line.m = 0
        line.s = NULL
        try:
            if tid >= 0:
                if self._is_bcf:
                    iterator = bcf_itr_queryi(self._index, tid, start, end)
                else:
                    iterator = tbx_itr_queryi(self._tabix, tid, start, end)
            if iterator != NULL:
                with nogil:
                    while status == C_OK:
                        code = self._next(iterator, &line, &status)
                        if code < 0:
                            break
                        if self._record.pos < last:
                            status = C_UNSORTED
                        last = self._record.pos
                        self.failed_position = last
                        if status == C_OK:
                            status = self._store(&position, &ref_length, &n_alleles, &lengths, &bases,
                                                 &calls, &unphased, &passed)
            return (status, take(&position), take(&ref_length), take(&n_alleles), take(&lengths),
                    take(&bases), take(&calls), take(&unphased), take(&passed))
        finally:
            if iterator != NULL:
                hts_itr_destroy(iterator)
            for_each_free(&position, &ref_length, &n_alleles, &lengths)
            for_each_free(&bases, &calls, &unphased, &passed)
            free(line.s)

    cdef int _next(self, hts_itr_t *iterator, kstring_t *line, int *status) noexcept nogil:
        """Parse the next record. Returns -1 at the end or on an error (then status says which)."""
        cdef int code
        cdef size_t i
        cdef int columns = 1
        if self._is_bcf:
            code = bcf_itr_next(self._file, iterator, self._record)
            if code < -1:
                status[0] = C_IO_ERROR
            if code < 0:
                return -1
            if self._header.keep_samples != NULL:
                bcf_subset_format(self._header, self._record)
        else:
            code = tbx_itr_next(self._file, self._tabix, iterator, line)
            if code < -1:
                status[0] = C_IO_ERROR
            if code < 0:
                return -1
            for i in range(line.l):
                columns += line.s[i] == 9
            if columns != self._n_columns:
                # The record is not parsed: say which one it is by the last good position.
                status[0] = C_BAD_COLUMNS
                return -1
            if vcf_parse(line, self._header, self._record) < 0:
                status[0] = C_BAD_RECORD
                return -1
        if self._record.errcode & ~(BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF):
            status[0] = C_BAD_RECORD
            return -1
        return 0

    cdef int _store(self, Buffer *position, Buffer *ref_length, Buffer *n_alleles, Buffer *lengths,
                    Buffer *bases, Buffer *calls, Buffer *unphased, Buffer *passed) noexcept nogil:
        cdef bcf_fmt_t *fmt
        cdef int64_t value
        cdef int32_t number, i
        cdef uint8_t flag
        cdef int failed = 0, status
        # FILTER is unpacked with the alleles only when asked for (BCF_UN_FLT = 2)
        if bcf_unpack(self._record, BCF_UN_STR | 2 | BCF_UN_FMT) < 0:
            return C_BAD_RECORD
        if self._n_samples:
            fmt = bcf_get_fmt(self._header, self._record, "GT")
            if fmt == NULL or fmt.p == NULL:
                return C_NO_GT
        value = self._record.pos
        failed |= append(position, &value, 8)
        value = self._record.rlen
        failed |= append(ref_length, &value, 8)
        number = self._record.n_allele
        failed |= append(n_alleles, &number, 4)
        for i in range(<int32_t>self._record.n_allele):
            number = <int32_t>strlen(self._record.d.allele[i])
            failed |= append(lengths, &number, 4)
            failed |= append(bases, self._record.d.allele[i], number)
        flag = self._record.d.n_flt == 0 or (self._record.d.n_flt == 1 and self._record.d.flt[0] == 0)
        failed |= append(passed, &flag, 1)
        failed |= append(calls, NULL, 2 * <size_t>self._n_samples)
        failed |= append(unphased, NULL, <size_t>self._n_samples)
        if failed:
            return C_NO_MEMORY
        if self._n_samples == 0:
            return C_OK
        status = decode_calls(
            fmt, self._n_samples, self._record.n_allele,
            <int8_t *>(calls.data + calls.used - 2 * <size_t>self._n_samples),
            <uint8_t *>(unphased.data + unphased.used - <size_t>self._n_samples),
        )
        return status


cdef void for_each_free(Buffer *a, Buffer *b, Buffer *c, Buffer *d) noexcept:
    free(a.data)
    free(b.data)
    free(c.data)
    free(d.data)


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
