# cmake -DPREFIX= -DSOURCE= -DWORK= -DGENERATOR= -DC_COMPILER= -P find_package.cmake
#
# Build a program against the installed CMake package, shared and static, and run both.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK} -DCMAKE_PREFIX_PATH=${PREFIX}
    -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
    -DCMAKE_BUILD_TYPE=Release --no-warn-unused-cli)
run(${CMAKE_COMMAND} --build ${WORK})
foreach(program with_shared with_static)
  expect_total(${WORK}/${program})
endforeach()
if(EXISTS ${WORK}/with_cxx) # there is a C++ compiler
  expect_total(${WORK}/with_cxx)
endif()
expect_needs(${WORK}/with_shared TRUE)
expect_needs(${WORK}/with_static FALSE)
