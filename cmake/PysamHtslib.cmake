# The htslib that pysam's own wheel carries: one copy in the process, no second htslib to build.
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c
    "import pathlib, pysam, sys, sysconfig; from pysam import libchtslib as lib; root = pathlib.Path(pysam.__file__).parent; print(root.parent); print(';'.join(pysam.get_include())); print(pathlib.Path(lib.__file__).name); print(sysconfig.get_path('platlib'))"
  OUTPUT_VARIABLE GXFAST_PYSAM_FACTS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "\\;" GXFAST_PYSAM_FACTS "${GXFAST_PYSAM_FACTS}")
string(REPLACE "\n" ";" GXFAST_PYSAM_FACTS "${GXFAST_PYSAM_FACTS}")
list(GET GXFAST_PYSAM_FACTS 0 GXFAST_PYSAM_PARENT)
list(GET GXFAST_PYSAM_FACTS 1 GXFAST_PYSAM_INCLUDE)
list(GET GXFAST_PYSAM_FACTS 2 GXFAST_PYSAM_LIBRARY)
list(GET GXFAST_PYSAM_FACTS 3 GXFAST_PLATLIB)

add_library(gxfast_pysam_htslib INTERFACE)
target_include_directories(gxfast_pysam_htslib SYSTEM INTERFACE ${GXFAST_PYSAM_INCLUDE})
# The library has no SONAME: link by file name.
target_link_directories(gxfast_pysam_htslib INTERFACE "${GXFAST_PYSAM_PARENT}/pysam")
target_link_libraries(gxfast_pysam_htslib INTERFACE "-l:${GXFAST_PYSAM_LIBRARY}")
# At run time it is found beside gxfast in site-packages. Modules that stay in the source tree (an editable install, plain
# CMake) find it where this Python has it; a wheel must not name a folder of the machine that built it.
set(GXFAST_PYSAM_RPATH "$ORIGIN/../../pysam")
file(REAL_PATH "${CMAKE_INSTALL_PREFIX}" GXFAST_PREFIX)
if(NOT DEFINED SKBUILD OR GXFAST_PREFIX STREQUAL PROJECT_SOURCE_DIR)
  list(APPEND GXFAST_PYSAM_RPATH "${GXFAST_PLATLIB}/pysam")
endif()
