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

} // namespace

void bind_elastic_net(py::module_ &module) {
  using py::arg;
  module.def("elastic_net_cv", &cross_validate_bound, arg("dosages").noconvert(), arg("y").noconvert(),
             arg("folds").noconvert(), arg("n_folds"), arg("lambdas"), arg("l1_ratio"), arg("lambda_ratio"),
             arg("n_lambdas"), arg("stop_after"), arg("gap"), arg("keep_path"));
}

} // namespace gxfast::bindings
