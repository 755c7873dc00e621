"""Run by QGIS's own Python, not by the tests': open what was written, count, draw, and print what was seen as JSON."""

import json
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsLayoutExporter,
    QgsMapRendererCustomPainterJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage, QPainter


def main(folder, pictures):
    seen = {"layers": {}, "rasters": {}, "projects": {}}
    geopackage = folder / "atlas.gpkg"
    everything = QgsVectorLayer(str(geopackage), "all", "ogr")
    names = [part.split("!!::!!")[1] for part in everything.dataProvider().subLayers()]
    for name in names:
        layer = QgsVectorLayer(f"{geopackage}|layername={name}", name, "ogr")
        seen["layers"][name] = look(layer, pictures)
    for path in sorted(folder.glob("*.tif")):
        seen["rasters"][path.name] = look_raster(QgsRasterLayer(str(path), path.stem), pictures)
    sources = {"file": str(folder / "atlas.qgz")}
    for name in inside(geopackage):
        sources["inside"] = f"geopackage:{geopackage}?projectName={name}"
    for kind, source in sources.items():
        seen["projects"][kind] = look_project(source, kind, pictures)
    return seen


def inside(geopackage):
    storage = QgsApplication.projectStorageRegistry().projectStorageFromType("geopackage")
    return storage.listProjects(f"geopackage:{geopackage}")


def look(layer, pictures):
    seen = {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "spatial": layer.isSpatial(),
        "crs": layer.crs().authid(),
        "crs_valid": layer.crs().isValid(),
    }
    seen["wkt"] = layer.crs().toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED)
    seen["fields"] = [field.name() for field in layer.fields()]
    seen["aliases"] = {field.name(): field.alias() for field in layer.fields() if field.alias()}
    seen["title"], seen["abstract"] = layer.metadata().title(), layer.metadata().abstract()
    seen["licences"], seen["history"] = layer.metadata().licenses(), layer.metadata().history()
    seen["readable"] = sum(1 for _ in layer.getFeatures())
    seen["ids"] = len({feature.id() for feature in layer.getFeatures()})
    if not layer.isSpatial():
        return seen
    seen["geometries"] = sum(1 for feature in layer.getFeatures() if feature.hasGeometry() and not feature.geometry().isEmpty())
    seen["renderer"] = layer.renderer().type()
    seen["labels"] = layer.labelsEnabled() and layer.labeling() is not None and layer.labeling().settings().fieldName
    seen["counts"], seen["times"], seen["rules"] = classes(layer)
    seen["asked_for"] = asked_for(layer)
    picture = pictures / f"layer {len(list(pictures.glob('layer *'))):02d}.png"
    layer.setLabelsEnabled(False)  # so that the colours can be measured
    draw([layer], layer.extent(), layer.crs(), picture)
    return seen | {"picture": picture.name}


def classes(layer):
    """Count how many features each rule draws, and how often each feature is drawn."""
    context = QgsRenderContext()
    context.expressionContext().appendScopes([])
    renderer = layer.renderer().clone()
    context.expressionContext().setFields(layer.fields())
    renderer.startRender(context, layer.fields())
    rules = renderer.rootRule().descendants()
    counts, times = [0] * len(rules), []
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        drawn = [number for number, rule in enumerate(rules) if rule.symbol() is not None and rule.isFilterOK(feature, context)]
        for number in drawn:
            counts[number] += 1
        times.append(len(drawn))
    renderer.stopRender(context)
    described = [
        {"label": rule.label(), "filter": rule.filterExpression(), "colour": rule.symbol().color().name()} for rule in rules
    ]
    return counts, {str(each): times.count(each) for each in sorted(set(times))}, described


def asked_for(layer):
    """Count the features that QGIS asks the file for when it draws, for it hands the rules to the file."""
    context = QgsRenderContext()
    context.expressionContext().setFields(layer.fields())
    renderer = layer.renderer().clone()
    renderer.startRender(context, layer.fields())
    condition = renderer.filter(layer.fields())
    renderer.stopRender(context)
    request = QgsFeatureRequest()
    if condition and condition != "TRUE":
        request.setFilterExpression(condition)
    return sum(1 for _ in layer.getFeatures(request))


def look_raster(layer, pictures):
    seen = {"valid": layer.isValid(), "crs": layer.crs().toProj(), "renderer": layer.renderer().type(), "band": layer.bandName(1)}
    if seen["renderer"] == "singlebandpseudocolor":
        seen["items"] = [
            [item.value, item.color.name(), item.color.alpha(), item.label]
            for item in layer.renderer().shader().rasterShaderFunction().colorRampItemList()
        ]
    picture = pictures / f"raster {len(list(pictures.glob('raster *'))):02d}.png"
    draw([layer], layer.extent(), layer.crs(), picture)
    return seen | {"picture": picture.name}


def look_project(source, kind, pictures):
    project = QgsProject.instance()
    project.clear()
    seen = {
        "read": project.read(source),
        "error": project.error(),
        "title": project.title(),
        "crs": project.crs().toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED),
    }
    layers = project.mapLayers()
    seen["layers"] = {
        layer.name(): {"valid": layer.isValid(), "id": layer.id(), "source": layer.source()} for layer in layers.values()
    }
    seen["renderers"] = {layer.name(): layer.renderer().type() for layer in layers.values()}
    seen["same_crs"] = all(layer.crs() == project.crs() for layer in layers.values())
    root = project.layerTreeRoot()
    seen["groups"] = [
        group.name() for group in root.children() if hasattr(group, "children") and type(group).__name__ == "QgsLayerTreeGroup"
    ]
    seen["visible"] = [layer.name() for layer in root.checkedLayers()]
    seen["themes"] = project.mapThemeCollection().mapThemes()
    extent = project.viewSettings().defaultViewExtent()
    seen["extent"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
    seen["layouts"] = {}
    for number, layout in enumerate(sorted(project.layoutManager().printLayouts(), key=lambda each: each.name())):
        picture = pictures / f"layout {kind} {number:02d}.png"
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 96
        settings.exportMetadata = settings.generateWorldFile = False
        code = QgsLayoutExporter(layout).exportToImage(str(picture), settings)
        page = layout.pageCollection().page(0).rect()
        items = {item.id(): item for item in layout.items() if hasattr(item, "id") and item.id()}
        outside = [
            name
            for name, item in items.items()
            if not page.adjusted(-0.5, -0.5, 0.5, 0.5).contains(item.mapRectToScene(item.rect()))
        ]
        entries = [str(node.data(0) or "") for node in legend_nodes(items["legend"])] if "legend" in items else []
        seen["layouts"][layout.name()] = {
            "code": int(code),
            "picture": picture.name,
            "items": sorted(items),
            "outside": outside,
            "legend": entries,
        }
    picture = pictures / f"project {kind}.png"
    draw(root.checkedLayers(), extent, project.crs(), picture)
    return seen | {"picture": picture.name}


def legend_nodes(legend):
    model = legend.model()
    found = []
    for layer in model.rootGroup().findLayers():
        found += model.layerLegendNodes(layer)
    return found


def draw(layers, extent, crs, picture):
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(crs)
    settings.setExtent(extent)
    settings.setOutputSize(QSize(640, 480))
    settings.setBackgroundColor(QColor("white"))
    image = QImage(QSize(640, 480), QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    job = QgsMapRendererCustomPainterJob(settings, painter)
    job.start()
    job.waitForFinished()
    painter.end()
    image.save(str(picture))


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    result = main(Path(sys.argv[1]), Path(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    QgsProject.instance().clear()
    application.exitQgis()
