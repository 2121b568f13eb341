<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="singlebandpseudocolor" band="1" classificationMin="0" classificationMax="3000" alphaBand="-1" opacity="1" nodataColor="">
      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
      </minMaxOrigin>
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="0" maximumValue="3000" labelPrecision="1">
          <colorramp name="[source]" type="gradient">
            <Option type="Map">
              <Option name="color1" type="QString" value="47,125,79,255"/>
              <Option name="color2" type="QString" value="244,242,240,255"/>
              <Option name="discrete" type="QString" value="0"/>
              <Option name="rampType" type="QString" value="gradient"/>
              <Option name="stops" type="QString" value="0.0666667;159,194,122,255:0.166667;230,220,160,255:0.333333;207,164,106,255:0.666667;148,105,74,255"/>
            </Option>
          </colorramp>
          <item value="0" label="0 m" color="#2f7d4f" alpha="255"/>
          <item value="200" label="200 m" color="#9fc27a" alpha="255"/>
          <item value="500" label="500 m" color="#e6dca0" alpha="255"/>
          <item value="1000" label="1000 m" color="#cfa46a" alpha="255"/>
          <item value="2000" label="2000 m" color="#94694a" alpha="255"/>
          <item value="3000" label="3000 m" color="#f4f2f0" alpha="255"/>
          <rampLegendSettings useContinuousLegend="1" orientation="2" direction="0" prefix="" suffix="" minimumLabel="0 m" maximumLabel="3000 m and more"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
