#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

#include "arrays.hpp"
#include "gxfast/haplotype.hpp"
#include "gxfast/parallel.hpp"
#include "gxfast/unique.hpp"

namespace gxfast::bindings {
namespace {

/// Keeps the arrays of one variant table alive; the core sees only pointers.
class Variants {
public:
  Variants(Array<std::int64_t> position, Array<std::int64_t> ref_length, Array<std::int64_t> first_allele,
           Array<std::int64_t> allele_offset, Array<std::uint8_t> bases)
      : position_(std::move(position)), ref_length_(std::move(ref_length)),
        first_allele_(std::move(first_allele)), allele_offset_(std::move(allele_offset)),
        bases_(std::move(bases)) {
    const py::ssize_t n = position_.size();
    require(ref_length_.size() == n && first_allele_.size() == n + 1, "Variants: lengths differ");
    for (py::ssize_t v = 0; v < n; ++v)
      require(first_allele_.data()[v] < first_allele_.data()[v + 1] && ref_length_.data()[v] > 0 &&
                  (v == 0 || position_.data()[v - 1] <= position_.data()[v]),
              "Variants: records without alleles or length, or not sorted");
    const std::int64_t n_alleles = first_allele_.data()[n];
    require(first_allele_.data()[0] == 0 && allele_offset_.size() == n_alleles + 1 &&
                allele_offset_.data()[0] == 0 && allele_offset_.data()[n_alleles] <= bases_.size() &&
                std::is_sorted(allele_offset_.data(), allele_offset_.data() + n_alleles + 1),
            "Variants: allele offsets do not fit");
    table_ = {
        n, position_.data(), ref_length_.data(), first_allele_.data(), allele_offset_.data(), bases_.data()};
  }

  const VariantTable &table() const { return table_; }

  void check_alleles(const Array<std::int8_t> &alleles) const {
    require(alleles.ndim() == 2 && alleles.shape(1) == table_.n, "alleles must be (haplotypes, variants)");
    const std::int8_t *data = alleles.data();
    for (py::ssize_t h = 0; h < alleles.shape(0); ++h)
      for (std::int64_t v = 0; v < table_.n; ++v, ++data)
        if (*data < 0 || *data >= table_.first_allele[v + 1] - table_.first_allele[v])
          throw py::index_error("allele index " + std::to_string(int(*data)) + " out of range at variant " +
                                std::to_string(v) + ", haplotype " + std::to_string(h));
  }

private:
  Array<std::int64_t> position_, ref_length_, first_allele_, allele_offset_;
  Array<std::uint8_t> bases_;
  VariantTable table_;
};

py::tuple unique_columns_bound(const Array<std::int8_t> &calls) {
  require(calls.ndim() == 2, "unique_columns: calls must be (rows, columns)");
  const std::int64_t n_rows = calls.shape(0), n_columns = calls.shape(1);
  UniqueColumns found;
  {
    const py::gil_scoped_release release;
    found = unique_columns(calls.data(), n_rows, n_columns);
  }
  const auto n_unique = static_cast<py::ssize_t>(found.first.size());
  Array<std::int8_t> columns({n_unique, static_cast<py::ssize_t>(n_rows)});
  std::copy(found.columns.begin(), found.columns.end(), columns.mutable_data());
  return py::make_tuple(Array<std::int32_t>(static_cast<py::ssize_t>(found.index.size()), found.index.data()),
                        Array<std::int64_t>(n_unique, found.first.data()), columns);
}

std::int64_t resolve_bound(const Variants &variants, Array<std::int8_t> alleles) {
  variants.check_alleles(alleles);
  std::int8_t *data = writable(alleles);
  const py::ssize_t n = alleles.shape(0);
  std::int64_t skipped = 0;
  const py::gil_scoped_release release;
  for (py::ssize_t h = 0; h < n; ++h)
    skipped += resolve_overlaps(variants.table(), data + h * variants.table().n);
  return skipped;
}

/// What layouts of many haplotypes share: runs `consume(haplotype index, layout)` for each of them.
template <class Consume>
void for_each_anchored(const Variants &variants, const Array<std::int8_t> &alleles,
                       const Array<std::uint8_t> &reference, std::int64_t reference_start,
                       std::int64_t anchor, std::int64_t left, std::int64_t right, int n_threads,
                       const Consume &consume) {
  const Reference view{reference.data(), reference_start, reference.size()};
  const std::int8_t *data = alleles.data();
  const std::int64_t n = alleles.shape(0), width = variants.table().n;
  const py::gil_scoped_release release;
  parallel_for(n, 4, n_threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t h = begin; h < end; ++h)
      consume(h, layout_anchored(variants.table(), data + h * width, view, anchor, left, right));
  });
}

void extents_bound(const Variants &variants, const Array<std::int8_t> &alleles,
                   const Array<std::uint8_t> &reference, std::int64_t reference_start, std::int64_t anchor,
                   std::int64_t left, std::int64_t right, Array<std::int64_t> out) {
  variants.check_alleles(alleles);
  require(out.ndim() == 2 && out.shape(0) == alleles.shape(0) && out.shape(1) == 3, "out must be (n, 3)");
  require(left >= 0 && right >= 0, "left and right must not be negative");
  std::int64_t *target = writable(out);
  for_each_anchored(variants, alleles, reference, reference_start, anchor, left, right, 1,
                    [&](std::int64_t h, const HaplotypeLayout &layout) {
                      target[3 * h] = layout.first;
                      target[3 * h + 1] = layout.last;
                      target[3 * h + 2] = layout.anchor_deleted ? 1 : 0;
                    });
}

template <class T, class Write>
void anchored_bound(const Variants &variants, const Array<std::int8_t> &alleles,
                    const Array<std::uint8_t> &reference, std::int64_t reference_start, std::int64_t anchor,
                    std::int64_t left, std::int64_t right, Array<T> out, int n_threads, const Write &write) {
  variants.check_alleles(alleles);
  require(left >= 0 && right >= 0, "left and right must not be negative");
  require(out.ndim() == 2 && out.shape(0) == alleles.shape(0) && out.shape(1) == left + right,
          "out must be (n, left + right)");
  T *target = writable(out);
  for_each_anchored(variants, alleles, reference, reference_start, anchor, left, right, n_threads,
                    [&](std::int64_t h, const HaplotypeLayout &layout) {
                      require(total_length(layout) == left + right, "alleles overlap: resolve them first");
                      write(layout, target + h * (left + right));
                    });
}

std::vector<py::bytes> consensus_bound(const Variants &variants, const Array<std::int8_t> &alleles,
                                       const Array<std::uint8_t> &reference, std::int64_t reference_start,
                                       std::int64_t start, std::int64_t end) {
  variants.check_alleles(alleles);
  require(start <= end, "start must not be after end");
  const Reference view{reference.data(), reference_start, reference.size()};
  std::vector<py::bytes> out;
  for (py::ssize_t h = 0; h < alleles.shape(0); ++h) {
    const HaplotypeLayout layout =
        layout_consensus(variants.table(), alleles.data() + h * variants.table().n, view, start, end);
    std::string bases(static_cast<std::size_t>(total_length(layout)), 'N');
    write_bases(layout, reinterpret_cast<std::uint8_t *>(bases.data()));
    out.emplace_back(bases);
  }
  return out;
}

} // namespace

void bind_haplotype(py::module_ &module) {
  using py::arg;
  py::class_<Variants>(module, "Variants")
      .def(py::init<Array<std::int64_t>, Array<std::int64_t>, Array<std::int64_t>, Array<std::int64_t>,
                    Array<std::uint8_t>>(),
           arg("position").noconvert(), arg("ref_length").noconvert(), arg("first_allele").noconvert(),
           arg("allele_offset").noconvert(), arg("bases").noconvert());
  module.def("unique_columns", &unique_columns_bound, arg("calls").noconvert());
  module.def("resolve_overlaps", &resolve_bound, arg("variants"), arg("alleles").noconvert());
  module.def("haplotype_extents", &extents_bound, arg("variants"), arg("alleles").noconvert(),
             arg("reference").noconvert(), arg("reference_start"), arg("anchor"), arg("left"), arg("right"),
             arg("out").noconvert());
  module.def(
      "haplotype_bases",
      [](const Variants &variants, const Array<std::int8_t> &alleles, const Array<std::uint8_t> &reference,
         std::int64_t reference_start, std::int64_t anchor, std::int64_t left, std::int64_t right,
         Array<std::uint8_t> out, int n_threads) {
        anchored_bound(variants, alleles, reference, reference_start, anchor, left, right, std::move(out),
                       n_threads, write_bases);
      },
      arg("variants"), arg("alleles").noconvert(), arg("reference").noconvert(), arg("reference_start"),
      arg("anchor"), arg("left"), arg("right"), arg("out").noconvert(), arg("n_threads"));
  module.def(
      "haplotype_positions",
      [](const Variants &variants, const Array<std::int8_t> &alleles, const Array<std::uint8_t> &reference,
         std::int64_t reference_start, std::int64_t anchor, std::int64_t left, std::int64_t right,
         Array<std::int64_t> out, int n_threads) {
        anchored_bound(variants, alleles, reference, reference_start, anchor, left, right, std::move(out),
                       n_threads, write_positions);
      },
      arg("variants"), arg("alleles").noconvert(), arg("reference").noconvert(), arg("reference_start"),
      arg("anchor"), arg("left"), arg("right"), arg("out").noconvert(), arg("n_threads"));
  module.def("consensus", &consensus_bound, arg("variants"), arg("alleles").noconvert(),
             arg("reference").noconvert(), arg("reference_start"), arg("start"), arg("end"));
}

} // namespace gxfast::bindings
