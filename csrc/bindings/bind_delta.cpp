#include <pybind11/stl.h>

#include "arrays.hpp"
#include "gxfast/delta.hpp"

namespace gxfast::bindings {
namespace {

using delta::Activation;
using delta::Function;
using delta::Program;
using delta::Reference;
using delta::Sliding;

Function function_named(const std::string &name) {
#define GXFAST_NAMED(function, known)                                                                        \
  if (name == known)                                                                                         \
    return Function::function;
  GXFAST_DELTA_FUNCTIONS(GXFAST_NAMED)
#undef GXFAST_NAMED
  throw std::invalid_argument("gxfast._kernels: no function is named " + name);
}

int tensor_bound(Program &program, std::int64_t length, std::int64_t channels, const Array<std::int32_t> &lo,
                 const Array<std::int32_t> &hi) {
  return program.tensor(length, channels, {lo.data(), lo.data() + lo.size()},
                        {hi.data(), hi.data() + hi.size()});
}

template <auto Convolve>
void convolve_bound(Program &program, int in, int out, const Array<float> &weight, std::int64_t stride,
                    std::int64_t dilation, std::int64_t before, std::int64_t groups) {
  require(weight.ndim() == 3 && groups > 0 && weight.shape(1) * groups == program.channels(in) &&
              weight.shape(2) == program.channels(out),
          "convolve: the weight must be (kernel, channels in / groups, channels out)");
  (program.*Convolve)(in, out, weight.data(), {weight.shape(0), stride, dilation, before}, groups);
}

void activate_bound(Program &program, int in, int out, const std::string &name, float first, float second) {
  program.activate(in, out, {function_named(name), first, second});
}

void activate_channels_bound(Program &program, int in, int out, const std::string &name,
                             const Array<float> &first, float second) {
  require(first.size() == program.channels(in), "activate_channels: one setting per channel");
  program.activate_channels(in, out, {function_named(name), 0, second}, first.data());
}

void activate_by_bound(Program &program, int in, int by, int out, const std::string &name, float second) {
  program.activate_by(in, by, out, {function_named(name), 0, second});
}

void scale_bound(Program &program, int in, int out, const Array<float> &factors) {
  require(factors.size() == program.channels(in), "scale: one factor per channel");
  program.scale(in, out, factors.data());
}

void layer_norm_bound(Program &program, int in, int out, const Array<float> &factors,
                      const Array<float> &offsets, float epsilon) {
  require(factors.size() == program.channels(in) && offsets.size() == factors.size(),
          "layer_norm: one factor and one offset per channel");
  program.layer_norm(in, out, factors.data(), offsets.data(), epsilon);
}

int dense_bound(Program &program, int in, const Array<float> &weight) {
  require(weight.ndim() == 3 && weight.shape(0) == program.length(in) &&
              weight.shape(1) == program.channels(in),
          "dense: the weight must be (length, channels, width)");
  return program.dense(in, weight.data(), weight.shape(2));
}

void set_bound(Reference &reference, std::int64_t i, const Array<float> &rows) {
  reference.set(i, rows.data(), rows.size());
}

py::list run_bound(const Program &program, const Reference &reference, const Array<std::int64_t> &offset,
                   const Array<std::int64_t> &position, const Array<float> &change) {
  const std::int64_t n = offset.size() - 1, n_edits = position.size();
  require(n >= 0 && offset.data()[0] == 0 && offset.data()[n] == n_edits && change.size() == 4 * n_edits,
          "DeltaProgram.run: edits do not fit together");
  for (std::int64_t h = 0; h < n; ++h)
    require(offset.data()[h] <= offset.data()[h + 1], "DeltaProgram.run: offsets must not decrease");
  const std::int64_t length = program.length(0);
  for (std::int64_t e = 0; e < n_edits; ++e)
    if (position.data()[e] < 0 || position.data()[e] >= length)
      throw py::index_error("position " + std::to_string(position.data()[e]) + " lies outside the sequence");
  py::list made;
  std::vector<float *> outputs;
  for (const std::int64_t size : program.output_sizes()) {
    Array<float> output({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(size)});
    outputs.push_back(writable(output));
    made.append(std::move(output));
  }
  const py::gil_scoped_release release;
  program.run(reference, {n, offset.data(), position.data(), change.data()}, outputs);
  return made;
}

} // namespace

void bind_delta(py::module_ &module) {
  using py::arg;
  py::class_<Program>(module, "DeltaProgram")
      .def(py::init<std::int64_t>(), arg("length"))
      .def("tensor", &tensor_bound, arg("length"), arg("channels"), arg("lo").noconvert(),
           arg("hi").noconvert())
      .def(
          "convolve", &convolve_bound<&Program::convolve>, arg("source"), arg("target"),
          arg("weight").noconvert(), arg("stride"), arg("dilation"), arg("before"), arg("groups") = 1,
          "Weight (kernel, channels in / groups, channels out); target[o] reads source[o * stride - before + "
          "t * dilation].")
      .def("convolve_transposed", &convolve_bound<&Program::convolve_transposed>, arg("source"),
           arg("target"), arg("weight").noconvert(), arg("stride"), arg("dilation"), arg("before"),
           arg("groups") = 1,
           "The same weight; source[i] is added to target[i * stride - before + t * dilation].")
      .def("activate", &activate_bound, arg("source"), arg("target"), arg("name"), arg("first") = 0.0F,
           arg("second") = 0.0F, "target = f(source), f with at most two settings.")
      .def("activate_channels", &activate_channels_bound, arg("source"), arg("target"), arg("name"),
           arg("first").noconvert(), arg("second") = 0.0F,
           "The same with a first setting per channel of the source.")
      .def("activate_by", &activate_by_bound, arg("source"), arg("by"), arg("target"), arg("name"),
           arg("second") = 0.0F, "The same with the first setting of each element from tensor `by`.")
      .def(
          "max_pool",
          [](Program &program, int in, int out, std::int64_t kernel, std::int64_t stride,
             std::int64_t dilation,
             std::int64_t before) { program.max_pool(in, out, {kernel, stride, dilation, before}); },
          arg("source"), arg("target"), arg("kernel"), arg("stride"), arg("dilation"), arg("before"))
      .def(
          "average_pool",
          [](Program &program, int in, int out, std::int64_t kernel, std::int64_t stride,
             std::int64_t dilation, std::int64_t before, bool by_kernel) {
            program.average_pool(in, out, {kernel, stride, dilation, before}, by_kernel);
          },
          arg("source"), arg("target"), arg("kernel"), arg("stride"), arg("dilation"), arg("before"),
          arg("by_kernel"))
      .def("add", &Program::add, arg("first"), arg("second"), arg("target"), arg("sign"))
      .def("multiply", &Program::multiply, arg("first"), arg("second"), arg("target"))
      .def("layer_norm", &layer_norm_bound, arg("source"), arg("target"), arg("factors").noconvert(),
           arg("offsets").noconvert(), arg("epsilon"))
      .def("softmax", &Program::softmax, arg("source"), arg("target"))
      .def("attention_pool", &Program::attention_pool, arg("source"), arg("logits"), arg("target"),
           arg("group"))
      .def("scale", &scale_bound, arg("source"), arg("target"), arg("factors").noconvert())
      .def("select", &Program::select, arg("source"), arg("target"), arg("shift"), arg("first_channel"))
      .def("reverse", &Program::reverse, arg("source"), arg("target"), arg("last"),
           "target[o] = source[last - o]")
      .def("repeat", &Program::repeat, arg("source"), arg("target"), arg("factor"),
           "target[o] = source[o // factor]")
      .def("join", &Program::join, arg("sources"), arg("target"))
      .def("whole", &Program::whole, arg("source"))
      .def("dense", &dense_bound, arg("source"), arg("weight").noconvert())
      .def("sum", &Program::sum, arg("source"), arg("factor"))
      .def("largest", &Program::largest, arg("source"))
      .def("referenced", &Program::referenced)
      .def("run", &run_bound, arg("reference"), arg("offset").noconvert(), arg("position").noconvert(),
           arg("change").noconvert());
  py::class_<Reference>(module, "DeltaReference")
      .def(py::init<const Program &>(), arg("program"), py::keep_alive<1, 2>())
      .def("set", &set_bound, arg("index"), arg("rows").noconvert())
      .def("prepare", &Reference::prepare, py::call_guard<py::gil_scoped_release>());
}

} // namespace gxfast::bindings
