#include "arrays.hpp"
#include "gxfast/stats.hpp"

namespace gxfast::bindings {
namespace {

template <class T, class Kernel>
void rows_bound(const Kernel &kernel, const Array<T> &x, const Array<T> &y, Array<double> &r,
                Array<std::int64_t> &n, Array<std::int8_t> &why) {
  require(x.ndim() == 2 && y.ndim() == 2 && x.shape(0) == y.shape(0) && x.shape(1) == y.shape(1) &&
              r.size() == x.shape(0) && n.size() == r.size() && why.size() == r.size(),
          "correlation: shapes do not fit");
  double *to_r = writable(r);
  std::int64_t *to_n = writable(n);
  std::int8_t *to_why = writable(why);
  const py::gil_scoped_release release;
  kernel(x.data(), y.data(), x.shape(0), x.shape(1), to_r, to_n, to_why);
}

template <class T>
void pearson_bound(const Array<T> &x, const Array<T> &y, Array<double> r, Array<std::int64_t> n,
                   Array<std::int8_t> why) {
  rows_bound(stats::pearson_rows<T>, x, y, r, n, why);
}

template <class T>
void spearman_bound(const Array<T> &x, const Array<T> &y, Array<double> r, Array<std::int64_t> n,
                    Array<std::int8_t> why) {
  rows_bound(stats::spearman_rows<T>, x, y, r, n, why);
}

void p_bound(const Array<double> &r, double df, Array<double> p, Array<double> log10p) {
  require(p.size() == r.size() && log10p.size() == r.size(), "correlation_p: shapes do not fit");
  double *to_p = writable(p), *to_log = writable(log10p);
  const py::gil_scoped_release release;
  stats::correlation_p(r.data(), r.size(), df, to_p, to_log);
}

void step_up_bound(const Array<double> &p, double factor, Array<double> q) {
  require(q.size() == p.size(), "step_up: shapes do not fit");
  double *to = writable(q);
  const double *from = p.data();
  for (py::ssize_t i = 0; i < p.size(); ++i)
    require(!(from[i] < 0 || from[i] > 1), "step_up: values must lie in [0, 1]");
  const py::gil_scoped_release release;
  stats::step_up(from, p.size(), factor, to);
}

} // namespace

void bind_stats(py::module_ &module) {
  using py::arg;
  const auto rows = [&module](const char *name, auto *single, auto *twice) {
    const auto bind = [&](auto *function) {
      module.def(name, function, arg("x").noconvert(), arg("y").noconvert(), arg("r").noconvert(),
                 arg("n").noconvert(), arg("why").noconvert());
    };
    bind(single);
    bind(twice);
  };
  rows("pearson_rows", &pearson_bound<float>, &pearson_bound<double>);
  rows("spearman_rows", &spearman_bound<float>, &spearman_bound<double>);
  module.def("correlation_p", &p_bound, arg("r").noconvert(), arg("df"), arg("p").noconvert(),
             arg("log10p").noconvert());
  module.def("step_up", &step_up_bound, arg("p").noconvert(), arg("factor"), arg("q").noconvert());
}

} // namespace gxfast::bindings
