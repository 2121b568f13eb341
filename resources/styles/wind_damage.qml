<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="paletted" band="1" alphaBand="-1" opacity="1" nodataColor="">
      <rasterTransparency/>
      <colorPalette>
        <paletteEntry value="0" label="Not vegetated before (no statement)" color="#dcd8d0" alpha="0"/>
        <paletteEntry value="1" label="No loss above the noise" color="#8fcf9c" alpha="0"/>
        <paletteEntry value="2" label="Moderate loss of vegetation" color="#fdae61" alpha="255"/>
        <paletteEntry value="3" label="Severe loss of vegetation" color="#b2182b" alpha="255"/>
        <paletteEntry value="255" label="Not observed" color="#808080" alpha="255"/>
      </colorPalette>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
