<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology">
  <pipe>
    <provider>
      <resampling enabled="false" maxOversampling="2" zoomedInResamplingMethod="nearestNeighbour" zoomedOutResamplingMethod="nearestNeighbour"/>
    </provider>
    <rasterrenderer type="singlebandpseudocolor" band="1" classificationMin="-0.4" classificationMax="0.7" alphaBand="-1" opacity="1" nodataColor="">
      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
      </minMaxOrigin>
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="-0.4" maximumValue="0.7" labelPrecision="2">
          <colorramp name="[source]" type="gradient">
            <Option type="Map">
              <Option name="color1" type="QString" value="1,102,94,255"/>
              <Option name="color2" type="QString" value="92,15,63,255"/>
              <Option name="discrete" type="QString" value="0"/>
              <Option name="rampType" type="QString" value="gradient"/>
              <Option name="stops" type="QString" value="0.1818;128,205,193,255:0.3636;244,241,230,255:0.5273;253,210,122,255:0.6364;245,138,60,255:0.7727;201,58,43,255"/>
            </Option>
          </colorramp>
          <item value="-0.4" label="-0.4" color="#01665e" alpha="255"/>
          <item value="-0.2" label="-0.2" color="#80cdc1" alpha="255"/>
          <item value="0" label="0" color="#f4f1e6" alpha="255"/>
          <item value="0.18" label="0.18" color="#fdd27a" alpha="255"/>
          <item value="0.3" label="0.3" color="#f58a3c" alpha="255"/>
          <item value="0.45" label="0.45" color="#c93a2b" alpha="255"/>
          <item value="0.7" label="0.7" color="#5c0f3f" alpha="255"/>
          <rampLegendSettings useContinuousLegend="1" orientation="2" direction="0" prefix="" suffix="" minimumLabel="-0.4  regrown" maximumLabel="0.7  burned"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0" gamma="1"/>
    <huesaturation saturation="0" grayscaleMode="0" invertColors="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
