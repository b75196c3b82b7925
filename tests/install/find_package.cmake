# cmake -DPREFIX= -DSOURCE= -DWORK= -DGENERATOR= -DC_COMPILER= -P find_package.cmake
#
# Build a program against the installed CMake package, shared and static, and run both.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

build_project()
foreach(program with_shared with_static)
  expect_total(${WORK}/${program})
endforeach()
if(EXISTS ${WORK}/with_cxx) # there is a C++ compiler
  expect_total(${WORK}/with_cxx)
endif()
expect_needs(${WORK}/with_shared TRUE)
expect_needs(${WORK}/with_static FALSE)
