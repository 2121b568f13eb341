<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="singlebandpseudocolor" band="1" classificationMin="-0.5" classificationMax="0.9" alphaBand="-1" opacity="1" nodataColor="">
      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
      </minMaxOrigin>
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="-0.5" maximumValue="0.9" labelPrecision="2">
          <colorramp name="[source]" type="gradient">
            <Option type="Map">
              <Option name="color1" type="QString" value="74,29,82,255"/>
              <Option name="color2" type="QString" value="18,80,42,255"/>
              <Option name="discrete" type="QString" value="0"/>
              <Option name="rampType" type="QString" value="gradient"/>
              <Option name="stops" type="QString" value="0.1786;154,106,163,255:0.3571;231,217,232,255:0.4286;245,243,236,255:0.5714;207,230,181,255:0.7857;95,174,97,255"/>
            </Option>
          </colorramp>
          <item value="-0.5" label="-0.5" color="#4a1d52" alpha="255"/>
          <item value="-0.25" label="-0.25" color="#9a6aa3" alpha="255"/>
          <item value="0" label="0" color="#e7d9e8" alpha="255"/>
          <item value="0.1" label="0.1" color="#f5f3ec" alpha="255"/>
          <item value="0.3" label="0.3" color="#cfe6b5" alpha="255"/>
          <item value="0.6" label="0.6" color="#5fae61" alpha="255"/>
          <item value="0.9" label="0.9" color="#12502a" alpha="255"/>
          <rampLegendSettings useContinuousLegend="1" orientation="2" direction="0" prefix="" suffix="" minimumLabel="-0.5  burnt, bare" maximumLabel="0.9  dense vegetation"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
