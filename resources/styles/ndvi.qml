<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="singlebandpseudocolor" band="1" classificationMin="-0.2" classificationMax="0.9" alphaBand="-1" opacity="1" nodataColor="">
      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
      </minMaxOrigin>
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="-0.2" maximumValue="0.9" labelPrecision="2">
          <colorramp name="[source]" type="gradient">
            <Option type="Map">
              <Option name="color1" type="QString" value="122,74,33,255"/>
              <Option name="color2" type="QString" value="11,74,34,255"/>
              <Option name="discrete" type="QString" value="0"/>
              <Option name="rampType" type="QString" value="gradient"/>
              <Option name="stops" type="QString" value="0.1818;192,154,98,255:0.3182;240,227,182,255:0.4545;215,229,154,255:0.6364;140,194,94,255:0.8182;59,143,62,255"/>
            </Option>
          </colorramp>
          <item value="-0.2" label="-0.2" color="#7a4a21" alpha="255"/>
          <item value="0" label="0" color="#c09a62" alpha="255"/>
          <item value="0.15" label="0.15" color="#f0e3b6" alpha="255"/>
          <item value="0.3" label="0.3" color="#d7e59a" alpha="255"/>
          <item value="0.5" label="0.5" color="#8cc25e" alpha="255"/>
          <item value="0.7" label="0.7" color="#3b8f3e" alpha="255"/>
          <item value="0.9" label="0.9" color="#0b4a22" alpha="255"/>
          <rampLegendSettings useContinuousLegend="1" orientation="2" direction="0" prefix="" suffix="" minimumLabel="-0.2  water, bare ground, cloud" maximumLabel="0.9  dense vegetation"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
