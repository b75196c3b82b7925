# cmake -DBUILD= -DSTAGE= -DLIBDIR= -DHEADERS= -P stage.cmake
#
# Install into an empty folder what a plain `cmake --install` installs, and look what came.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${STAGE})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${STAGE})
foreach(header IN LISTS HEADERS)
  get_filename_component(name ${header} NAME)
  list(APPEND expected include/boc/${name})
endforeach()
foreach(file libboc.a libboc_seeded.a libboc.so pkgconfig/boc.pc cmake/boc/boc-config.cmake
             cmake/boc/boc-config-version.cmake)
  list(APPEND expected ${LIBDIR}/${file})
endforeach()
foreach(file IN LISTS expected)
  if(NOT EXISTS ${STAGE}/${file})
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()
file(GLOB tops RELATIVE ${STAGE} ${STAGE}/*)
if(NOT tops MATCHES "^include;lib[a-z0-9]*$")
  message(FATAL_ERROR "installed beside the library: ${tops}")
endif()
