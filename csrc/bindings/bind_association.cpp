#include "arrays.hpp"
#include "gxfast/association.hpp"
#include "gxfast/susie.hpp"

namespace gxfast::bindings {
namespace {

void squares_bound(const Array<std::int8_t> &dosages, const Array<double> &basis, Array<double> squares,
                   int n_threads) {
  require(dosages.ndim() == 2 && basis.ndim() == 2 && basis.shape(1) == dosages.shape(1) &&
              squares.size() == dosages.shape(0),
          "residual_squares: shapes do not fit");
  double *to = writable(squares);
  const py::gil_scoped_release release;
  association::residual_squares(dosages.data(), dosages.shape(0), dosages.shape(1), basis.data(),
                                basis.shape(0), n_threads, to);
}

void associate_bound(const Array<std::int8_t> &dosages, const Array<double> &squares,
                     const Array<double> &residual, const Array<double> &variance,
                     const Array<std::int64_t> &first, const Array<std::int64_t> &last,
                     const Array<std::int64_t> &begin, double df, int n_threads, Array<double> r,
                     Array<double> slope, Array<double> slope_se) {
  const py::ssize_t genes = variance.size();
  require(dosages.ndim() == 2 && squares.size() == dosages.shape(0) && residual.ndim() == 2 &&
              residual.shape(0) == genes && residual.shape(1) == dosages.shape(1) && first.size() == genes &&
              last.size() == genes && begin.size() == genes && slope.size() == r.size() &&
              slope_se.size() == r.size(),
          "associate: shapes do not fit");
  for (py::ssize_t g = 0; g < genes; ++g) {
    const std::int64_t from = first.data()[g], to = last.data()[g], at = begin.data()[g];
    require(0 <= from && from <= to && to <= dosages.shape(0) && 0 <= at && at <= r.size() - (to - from),
            "associate: a window lies outside the SNPs");
  }
  double *to_r = writable(r), *to_slope = writable(slope), *to_se = writable(slope_se);
  const association::Genes described{genes,        residual.data(), variance.data(),
                                     first.data(), last.data(),     begin.data()};
  const py::gil_scoped_release release;
  association::associate(dosages.data(), dosages.shape(0), dosages.shape(1), squares.data(), described, df,
                         n_threads, to_r, to_slope, to_se);
}

void largest_bound(const Array<float> &unit, const Array<float> &permuted, const Array<std::int64_t> &cuts,
                   int n_threads, Array<float> largest) {
  require(unit.ndim() == 2 && permuted.ndim() == 2 && unit.shape(1) == permuted.shape(0) && cuts.size() > 0 &&
              largest.ndim() == 2 && largest.shape(0) == cuts.size() - 1 &&
              largest.shape(1) == permuted.shape(1),
          "largest_products: shapes do not fit");
  const std::int64_t *cut = cuts.data();
  require(cut[0] >= 0 && cut[cuts.size() - 1] <= unit.shape(0),
          "largest_products: a cut lies outside the SNPs");
  for (py::ssize_t i = 1; i < cuts.size(); ++i)
    require(cut[i - 1] <= cut[i], "largest_products: cuts must ascend");
  float *to = writable(largest);
  const py::gil_scoped_release release;
  association::largest_products(unit.data(), unit.shape(1), permuted.data(), permuted.shape(1), cut,
                                cuts.size() - 1, n_threads, to);
}

py::tuple susie_bound(const Array<std::int8_t> &dosages, const Array<double> &basis,
                      const Array<double> &scale, const Array<double> &phenotype, double prior_variance,
                      double tolerance, std::int64_t most, Array<double> alpha, Array<double> mean,
                      Array<double> prior, Array<double> lbf) {
  require(dosages.ndim() == 2 && basis.ndim() == 2 && basis.shape(0) > 0 &&
              basis.shape(1) == dosages.shape(1) && scale.size() == dosages.shape(0) &&
              phenotype.size() == dosages.shape(1) && alpha.ndim() == 2 && mean.ndim() == 2 &&
              alpha.shape(0) == prior.size() && mean.shape(0) == prior.size() && lbf.size() == prior.size() &&
              alpha.shape(1) == scale.size() && mean.shape(1) == scale.size(),
          "susie: shapes do not fit");
  const association::Standardised data{dosages.data(), dosages.shape(0), dosages.shape(1), basis.data(),
                                       basis.shape(0), scale.data(),     phenotype.data()};
  const association::SingleEffects found{prior.size(), writable(alpha), writable(mean), writable(prior),
                                         writable(lbf)};
  association::SusieEnd end;
  {
    const py::gil_scoped_release release;
    end = association::susie(data, {prior_variance, tolerance, most}, found);
  }
  return py::make_tuple(end.residual_variance, end.bound, end.iterations, end.converged);
}

} // namespace

void bind_association(py::module_ &module) {
  using py::arg;
  module.def("residual_squares", &squares_bound, arg("dosages").noconvert(), arg("basis").noconvert(),
             arg("squares").noconvert(), arg("n_threads"));
  module.def("associate", &associate_bound, arg("dosages").noconvert(), arg("squares").noconvert(),
             arg("residual").noconvert(), arg("variance").noconvert(), arg("first").noconvert(),
             arg("last").noconvert(), arg("begin").noconvert(), arg("df"), arg("n_threads"),
             arg("r").noconvert(), arg("slope").noconvert(), arg("slope_se").noconvert());
  module.def("largest_products", &largest_bound, arg("unit").noconvert(), arg("permuted").noconvert(),
             arg("cuts").noconvert(), arg("n_threads"), arg("largest").noconvert());
  module.def("susie", &susie_bound, arg("dosages").noconvert(), arg("basis").noconvert(),
             arg("scale").noconvert(), arg("phenotype").noconvert(), arg("prior_variance"), arg("tolerance"),
             arg("most"), arg("alpha").noconvert(), arg("mean").noconvert(), arg("prior").noconvert(),
             arg("lbf").noconvert());
}

} // namespace gxfast::bindings
