# Interface targets: warnings for our own C++, hardening for everything that ships.
add_library(gxfast_warnings INTERFACE)
target_compile_options(gxfast_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(GXFAST_WERROR)
  target_compile_options(gxfast_warnings INTERFACE -Werror)
endif()

add_library(gxfast_hardening INTERFACE)
target_compile_options(gxfast_hardening INTERFACE -fstack-protector-strong)
target_compile_definitions(gxfast_hardening INTERFACE _GLIBCXX_ASSERTIONS
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(gxfast_hardening INTERFACE -Wl,-z,relro -Wl,-z,now)
if(GXFAST_SANITIZE)
  target_compile_options(gxfast_hardening INTERFACE -fsanitize=${GXFAST_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(gxfast_hardening INTERFACE -fsanitize=${GXFAST_SANITIZE})
endif()
if(GXFAST_FUZZ)
  target_compile_options(gxfast_hardening INTERFACE -fsanitize=fuzzer-no-link)
endif()
