#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

#include "arrays.hpp"
#include "gxfast/carried.hpp"
#include "gxfast/haplotype.hpp"
#include "gxfast/one_hot.hpp"
#include "gxfast/parallel.hpp"

namespace gxfast::bindings {
namespace {

/// Positions and lengths beyond any contig: sums of a few of them stay within 64 bits.
constexpr std::int64_t kFurthest = std::int64_t{1} << 40;

bool within_reach(std::int64_t position) { return -kFurthest <= position && position <= kFurthest; }

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
                  ref_length_.data()[v] <= kFurthest && within_reach(position_.data()[v]) &&
                  (v == 0 || position_.data()[v - 1] <= position_.data()[v]),
              "Variants: records without alleles or length, out of reach, or not sorted");
    n_alleles_ = first_allele_.data()[n];
    require(first_allele_.data()[0] == 0 && n_alleles_ <= INT32_MAX &&
                allele_offset_.size() == n_alleles_ + 1 && allele_offset_.data()[0] == 0 &&
                allele_offset_.data()[n_alleles_] <= bases_.size() &&
                std::is_sorted(allele_offset_.data(), allele_offset_.data() + n_alleles_ + 1),
            "Variants: allele offsets do not fit");
    edits_ = Edits(VariantTable{n, position_.data(), ref_length_.data(), first_allele_.data(),
                                allele_offset_.data(), bases_.data()});
  }

  const Edits &edits() const { return edits_; }

  /// Rows whose allele indices are ascending and belong to this table.
  Rows rows(const Array<std::int64_t> &offset, const Array<std::int32_t> &alleles) const {
    require(offset.ndim() == 1 && offset.size() > 0 && alleles.ndim() == 1, "rows: wrong shapes");
    const Rows rows{offset.size() - 1, offset.data(), alleles.data()};
    // A slice of the offsets stands for some of the rows.
    require(rows.offset[0] >= 0 && rows.offset[rows.n] <= alleles.size() &&
                std::is_sorted(rows.offset, rows.offset + rows.n + 1),
            "rows: offsets do not fit");
    for (std::int64_t row = 0; row < rows.n; ++row) {
      std::int32_t before = -1;
      for (std::int64_t i = rows.offset[row]; i < rows.offset[row + 1]; ++i) {
        if (rows.values[i] <= before || rows.values[i] >= n_alleles_)
          throw py::index_error("allele index " + std::to_string(rows.values[i]) +
                                " out of range or order in row " + std::to_string(row));
        before = rows.values[i];
      }
    }
    return rows;
  }

private:
  Array<std::int64_t> position_, ref_length_, first_allele_, allele_offset_;
  Array<std::uint8_t> bases_;
  std::int64_t n_alleles_;
  Edits edits_;
};

py::tuple to_tuple(OwnedRows &&rows) {
  return py::make_tuple(to_array(std::move(rows.offset)), to_array(std::move(rows.values)));
}

py::tuple carried_bound(const Array<std::int8_t> &calls, const Array<std::int64_t> &first_allele) {
  require(calls.ndim() == 2 && first_allele.size() == calls.shape(0) + 1,
          "carried_alleles: calls must be (variants, haplotypes)");
  OwnedRows rows;
  {
    const py::gil_scoped_release release;
    rows = carried_alleles(calls.data(), calls.shape(0), calls.shape(1), first_allele.data());
  }
  return to_tuple(std::move(rows));
}

py::tuple join_bound(const std::vector<std::pair<Array<std::int64_t>, Array<std::int32_t>>> &parts,
                     const Array<std::int64_t> &shifts) {
  require(!parts.empty() && shifts.size() == static_cast<py::ssize_t>(parts.size()), "join_rows: no parts");
  std::vector<Rows> views;
  for (const auto &[offset, values] : parts) {
    const Rows view{offset.size() - 1, offset.data(), values.data()};
    require(view.n >= 0 && offset.size() == parts[0].first.size() && view.offset[0] == 0 &&
                view.offset[view.n] == values.size() && std::is_sorted(view.offset, view.offset + view.n + 1),
            "join_rows: offsets do not fit");
    views.push_back(view);
  }
  OwnedRows rows;
  {
    const py::gil_scoped_release release;
    rows = join_rows(views, shifts.data());
  }
  return to_tuple(std::move(rows));
}

py::tuple unique_bound(const Array<std::int64_t> &offset, const Array<std::int32_t> &values) {
  require(offset.size() > 0 && offset.data()[0] == 0 && offset.data()[offset.size() - 1] == values.size() &&
              std::is_sorted(offset.data(), offset.data() + offset.size()),
          "unique_rows: offsets do not fit");
  UniqueRows found;
  {
    const py::gil_scoped_release release;
    found = unique_rows({offset.size() - 1, offset.data(), values.data()});
  }
  return py::make_tuple(to_array(std::move(found.index)), to_array(std::move(found.first)));
}

py::tuple window_bound(const Variants &variants, const Array<std::int64_t> &offset,
                       const Array<std::int32_t> &alleles, const Array<std::int64_t> &chosen,
                       std::int64_t low, std::int64_t high) {
  const std::int64_t n_rows = offset.size() - 1;
  for (py::ssize_t i = 0; i < chosen.size(); ++i) {
    const std::int64_t row = chosen.data()[i];
    if (row < 0 || row >= n_rows)
      throw py::index_error("row " + std::to_string(row) + " of " + std::to_string(n_rows));
    const std::int64_t begin = offset.data()[row], end = offset.data()[row + 1];
    require(0 <= begin && begin <= end && end <= alleles.size(), "rows_in_window: offsets do not fit");
  }
  require(within_reach(low) && within_reach(high), "rows_in_window: the window is out of reach");
  OwnedRows rows;
  {
    const py::gil_scoped_release release;
    rows = rows_in_window({n_rows, offset.data(), alleles.data()}, variants.edits(), chosen.data(),
                          chosen.size(), low, high);
  }
  return to_tuple(std::move(rows));
}

py::tuple resolve_bound(const Variants &variants, const Array<std::int64_t> &offset,
                        const Array<std::int32_t> &alleles) {
  const Rows rows = variants.rows(offset, alleles);
  OwnedRows resolved;
  {
    const py::gil_scoped_release release;
    resolved = resolve_rows(rows, variants.edits());
  }
  return to_tuple(std::move(resolved));
}

/// Where the haplotypes of one call lie: their alleles, the stretch of reference, the window around the
/// anchor.
struct Anchored {
  Anchored(const Variants &variants, const Array<std::int64_t> &offset, const Array<std::int32_t> &alleles,
           const Array<std::uint8_t> &bases, std::int64_t reference_start, std::int64_t anchor_at,
           std::int64_t left_bases, std::int64_t right_bases)
      : edits(&variants.edits()), rows(variants.rows(offset, alleles)),
        reference{bases.data(), reference_start, bases.size()}, anchor(anchor_at), left(left_bases),
        right(right_bases) {
    require(left >= 0 && right >= 0 && left <= INT32_MAX && right <= INT32_MAX,
            "left and right must not be negative, nor longer than any contig");
    require(within_reach(anchor) && within_reach(reference_start), "the window is out of reach");
  }

  std::int64_t length() const { return left + right; }

  /// Runs `consume(row, layout)` for each haplotype, without the GIL.
  template <class Consume> void for_each(int n_threads, const Consume &consume) const {
    const py::gil_scoped_release release;
    parallel_for(rows.n, 4, n_threads, [&](std::int64_t begin, std::int64_t end) {
      HaplotypeLayout layout;
      for (std::int64_t row = begin; row < end; ++row) {
        const Carried carried{edits, rows.values + rows.offset[row], rows.offset[row + 1] - rows.offset[row]};
        require(is_resolved(carried), "alleles overlap: resolve them first");
        layout_anchored(carried, reference, anchor, left, right, layout);
        consume(row, layout);
      }
    });
  }

  const Edits *edits;
  Rows rows;
  Reference reference;
  std::int64_t anchor, left, right;
};

void extents_bound(const Variants &variants, const Array<std::int64_t> &offset,
                   const Array<std::int32_t> &alleles, const Array<std::uint8_t> &reference,
                   std::int64_t reference_start, std::int64_t anchor, std::int64_t left, std::int64_t right,
                   Array<std::int64_t> out) {
  const Anchored work(variants, offset, alleles, reference, reference_start, anchor, left, right);
  require(out.ndim() == 2 && out.shape(0) == work.rows.n && out.shape(1) == 3, "out must be (n, 3)");
  std::int64_t *target = writable(out);
  work.for_each(1, [&](std::int64_t row, const HaplotypeLayout &layout) {
    target[3 * row] = layout.first;
    target[3 * row + 1] = layout.last;
    target[3 * row + 2] = layout.anchor_deleted ? 1 : 0;
  });
}

template <class T, void (*write)(const HaplotypeLayout &, T *)>
void anchored_bound(const Variants &variants, const Array<std::int64_t> &offset,
                    const Array<std::int32_t> &alleles, const Array<std::uint8_t> &reference,
                    std::int64_t reference_start, std::int64_t anchor, std::int64_t left, std::int64_t right,
                    Array<T> out, int n_threads) {
  const Anchored work(variants, offset, alleles, reference, reference_start, anchor, left, right);
  require(out.ndim() == 2 && out.shape(0) == work.rows.n && out.shape(1) == work.length(),
          "out must be (n, left + right)");
  T *target = writable(out);
  work.for_each(n_threads, [&](std::int64_t row, const HaplotypeLayout &layout) {
    write(layout, target + row * work.length());
  });
}

template <class Element>
void one_hot_bound(const Variants &variants, const Array<std::int64_t> &offset,
                   const Array<std::int32_t> &alleles, const Array<std::uint8_t> &reference,
                   std::int64_t reference_start, std::int64_t anchor, std::int64_t left, std::int64_t right,
                   const Array<Element> &table, bool channels_first, bool reverse, bool stream,
                   Array<Element> out, int n_threads) {
  const Anchored work(variants, offset, alleles, reference, reference_start, anchor, left, right);
  require(table.size() == 1024 && out.size() == work.rows.n * work.length() * 4,
          "haplotype_one_hot: shapes do not fit");
  Element *target = writable(out);
  const OneHotTable<Element> encoder(table.data());
  const Layout layout_of_out = channels_first ? Layout::NCL : Layout::NLC;
  work.for_each(n_threads, [&](std::int64_t row, const HaplotypeLayout &layout) {
    // One haplotype of letters fits into L2: making it first costs nothing beside the encoded output.
    thread_local std::vector<std::uint8_t> letters;
    letters.resize(static_cast<std::size_t>(work.length()));
    write_bases(layout, letters.data());
    encoder.encode(letters.data(), work.length(), 0, work.length(), layout_of_out, reverse, stream,
                   target + row * work.length() * 4);
    if (stream)
      finish_streaming();
  });
}

std::vector<py::bytes> consensus_bound(const Variants &variants, const Array<std::int64_t> &offset,
                                       const Array<std::int32_t> &alleles,
                                       const Array<std::uint8_t> &reference, std::int64_t reference_start,
                                       std::int64_t start, std::int64_t end) {
  const Rows rows = variants.rows(offset, alleles);
  require(start <= end && within_reach(start) && within_reach(end) && within_reach(reference_start),
          "start must not be after end, nor out of reach");
  const Reference view{reference.data(), reference_start, reference.size()};
  std::vector<py::bytes> out;
  for (std::int64_t row = 0; row < rows.n; ++row) {
    const Carried carried{&variants.edits(), rows.values + rows.offset[row],
                          rows.offset[row + 1] - rows.offset[row]};
    require(is_resolved(carried), "alleles overlap: resolve them first");
    const HaplotypeLayout layout = layout_consensus(carried, view, start, end);
    std::string bases(static_cast<std::size_t>(total_length(layout)), 'N');
    write_bases(layout, reinterpret_cast<std::uint8_t *>(bases.data()));
    out.emplace_back(bases);
  }
  return out;
}

template <class Element> void bind_one_hot_of(py::module_ &module) {
  using py::arg;
  module.def("haplotype_one_hot", &one_hot_bound<Element>, arg("variants"), arg("offset").noconvert(),
             arg("alleles").noconvert(), arg("reference").noconvert(), arg("reference_start"), arg("anchor"),
             arg("left"), arg("right"), arg("table").noconvert(), arg("channels_first"), arg("reverse"),
             arg("stream"), arg("out").noconvert(), arg("n_threads"));
}

} // namespace

void bind_haplotype(py::module_ &module) {
  using py::arg;
  py::class_<Variants>(module, "Variants")
      .def(py::init<Array<std::int64_t>, Array<std::int64_t>, Array<std::int64_t>, Array<std::int64_t>,
                    Array<std::uint8_t>>(),
           arg("position").noconvert(), arg("ref_length").noconvert(), arg("first_allele").noconvert(),
           arg("allele_offset").noconvert(), arg("bases").noconvert());
  module.def("carried_alleles", &carried_bound, arg("calls").noconvert(), arg("first_allele").noconvert());
  module.def("unique_rows", &unique_bound, arg("offset").noconvert(), arg("alleles").noconvert());
  module.def("join_rows", &join_bound, arg("parts"), arg("shifts").noconvert());
  module.def("rows_in_window", &window_bound, arg("variants"), arg("offset").noconvert(),
             arg("alleles").noconvert(), arg("chosen").noconvert(), arg("low"), arg("high"));
  module.def("resolve_overlaps", &resolve_bound, arg("variants"), arg("offset").noconvert(),
             arg("alleles").noconvert());
  module.def("haplotype_extents", &extents_bound, arg("variants"), arg("offset").noconvert(),
             arg("alleles").noconvert(), arg("reference").noconvert(), arg("reference_start"), arg("anchor"),
             arg("left"), arg("right"), arg("out").noconvert());
  module.def("haplotype_bases", &anchored_bound<std::uint8_t, write_bases>, arg("variants"),
             arg("offset").noconvert(), arg("alleles").noconvert(), arg("reference").noconvert(),
             arg("reference_start"), arg("anchor"), arg("left"), arg("right"), arg("out").noconvert(),
             arg("n_threads"));
  module.def("haplotype_positions", &anchored_bound<std::int64_t, write_positions>, arg("variants"),
             arg("offset").noconvert(), arg("alleles").noconvert(), arg("reference").noconvert(),
             arg("reference_start"), arg("anchor"), arg("left"), arg("right"), arg("out").noconvert(),
             arg("n_threads"));
  bind_one_hot_of<std::uint8_t>(module);
  bind_one_hot_of<std::uint16_t>(module);
  bind_one_hot_of<std::uint32_t>(module);
  bind_one_hot_of<std::uint64_t>(module);
  module.def("consensus", &consensus_bound, arg("variants"), arg("offset").noconvert(),
             arg("alleles").noconvert(), arg("reference").noconvert(), arg("reference_start"), arg("start"),
             arg("end"));
}

} // namespace gxfast::bindings
