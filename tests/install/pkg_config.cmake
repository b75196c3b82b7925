# cmake -DPREFIX= -DLIBDIR= -DSOURCE= -DWORK= -DC_COMPILER= -DPKG_CONFIG= -DVERSION=
#       -DREADELF= -P pkg_config.cmake
#
# Build a program with what pkg-config says of the installed library, shared and static.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(ENV{PKG_CONFIG_PATH} ${PREFIX}/${LIBDIR}/pkgconfig)
set(main ${SOURCE}/main.c)

function(flags result)
  execute_process(COMMAND ${PKG_CONFIG} ${ARGN} boc OUTPUT_VARIABLE said
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(said UNIX_COMMAND "${said}")
  set(${result} ${said} PARENT_SCOPE)
endfunction()

flags(version --modversion)
if(NOT version STREQUAL VERSION)
  message(FATAL_ERROR "boc.pc says version ${version}, not ${VERSION}")
endif()
flags(cflags --cflags)
flags(libs --libs)
flags(static_libs --static --libs)
run(${C_COMPILER} -std=c11 ${cflags} -o ${WORK}/with_shared ${main} ${libs}
    -Wl,-rpath,${PREFIX}/${LIBDIR})
run(${C_COMPILER} -std=c11 ${cflags} -o ${WORK}/with_static ${main}
    -Wl,-Bstatic ${static_libs} -Wl,-Bdynamic)
foreach(program with_shared with_static)
  expect_total(${WORK}/${program})
endforeach()
expect_needs(${WORK}/with_shared TRUE)
expect_needs(${WORK}/with_static FALSE)
