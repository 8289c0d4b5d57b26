// fontconfig, which finds the system's fonts, and FreeType, which draws their letters.
#ifndef CFONTCONFIG_SHIM_H
#define CFONTCONFIG_SHIM_H
#include <ft2build.h>
#include FT_FREETYPE_H
#include <fontconfig/fontconfig.h>

// FreeType's flags are macros that Swift does not see.
static const FT_Int32 CFontconfigRender = FT_LOAD_RENDER;
static const FT_Int32 CFontconfigMeasure = FT_LOAD_DEFAULT;
#endif
