#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gxfast/elastic_net.hpp"

namespace gxfast::bindings {
namespace {

py::dict as_dict(elastic_net::Fit &&fit) {
  py::dict out;
  out["lambdas"] = to_array(std::move(fit.lambda));
  out["cv_error"] = to_array(std::move(fit.error));
  out["cv_error_se"] = to_array(std::move(fit.error_se));
  out["chosen"] = fit.chosen;
  out["held_out"] = to_array(std::move(fit.held_out));
  out["coefficients"] = to_array(std::move(fit.coefficients));
  out["intercept"] = fit.intercept;
  out["n_nonzero"] = to_array(std::move(fit.support));
  out["path"] = to_array(std::move(fit.path));
  out["path_intercepts"] = to_array(std::move(fit.path_intercept));
  out["gap"] = fit.gap;
  return out;
}

py::dict cross_validate_bound(const Array<std::int8_t> &dosages, const Array<double> &y,
                              const Array<std::int32_t> &folds, std::int64_t n_folds,
                              const std::vector<double> &lambdas, double l1_ratio, double lambda_ratio,
                              std::int64_t n_lambdas, std::int64_t stop_after, double gap, bool keep_path) {
  require(dosages.ndim() == 2 && y.ndim() == 1 && folds.ndim() == 1 && dosages.shape(1) == y.shape(0) &&
              folds.shape(0) == y.shape(0),
          "elastic_net_cv: shapes do not fit");
  elastic_net::Options options;
  options.l1_ratio = l1_ratio;
  options.lambda_ratio = lambda_ratio;
  options.n_lambdas = n_lambdas;
  options.stop_after = stop_after;
  options.gap = gap;
  options.keep_path = keep_path;
  elastic_net::Fit fit;
  {
    const py::gil_scoped_release release;
    fit = elastic_net::cross_validate(dosages.data(), dosages.shape(0), dosages.shape(1), y.data(),
                                      folds.data(), n_folds, lambdas, options);
  }
  return as_dict(std::move(fit));
}

std::unique_ptr<elastic_net::Path> make_path(const Array<double> &x, const Array<double> &y, double l1_ratio,
                                             double gap, std::int64_t most_sweeps) {
  require(x.ndim() == 2 && y.ndim() == 1 && x.shape(1) == y.shape(0), "ElasticNetPath: shapes do not fit");
  elastic_net::Options options;
  options.l1_ratio = l1_ratio;
  options.gap = gap;
  options.most_sweeps = most_sweeps;
  const py::gil_scoped_release release;
  return std::make_unique<elastic_net::Path>(x.data(), x.shape(0), x.shape(1), y.data(), options);
}

py::array_t<double> advance(elastic_net::Path &path, double lambda) {
  std::vector<double> coefficients(static_cast<std::size_t>(path.columns()));
  {
    const py::gil_scoped_release release;
    path.advance(lambda, coefficients.data());
  }
  return to_array(std::move(coefficients));
}

} // namespace

void bind_elastic_net(py::module_ &module) {
  using py::arg;
  module.def("elastic_net_cv", &cross_validate_bound, arg("dosages").noconvert(), arg("y").noconvert(),
             arg("folds").noconvert(), arg("n_folds"), arg("lambdas"), arg("l1_ratio"), arg("lambda_ratio"),
             arg("n_lambdas"), arg("stop_after"), arg("gap"), arg("keep_path"));
  py::class_<elastic_net::Path>(module, "ElasticNetPath")
      .def(py::init(&make_path), arg("x").noconvert(), arg("y").noconvert(), arg("l1_ratio"), arg("gap"),
           arg("most_sweeps"))
      .def("advance", &advance, arg("lambda_"))
      .def_property_readonly("gap", &elastic_net::Path::gap)
      .def_property_readonly("sweeps", &elastic_net::Path::sweeps);
}

} // namespace gxfast::bindings
