<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="paletted" band="1" alphaBand="-1" opacity="1" nodataColor="">
      <rasterTransparency/>
      <colorPalette>
        <paletteEntry value="0" label="No structure before (no statement)" color="#cdc8be" alpha="0"/>
        <paletteEntry value="1" label="Structure without clear change" color="#a3b1cc" alpha="0"/>
        <paletteEntry value="2" label="Structure changed" color="#fdae61" alpha="255"/>
        <paletteEntry value="3" label="Structure changed strongly" color="#a50f5a" alpha="255"/>
        <paletteEntry value="255" label="Not observed" color="#808080" alpha="255"/>
      </colorPalette>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
