"""What the map says of itself, in each language it speaks."""

import warnings
from collections.abc import Mapping

from spatial.errors import SpatialWarning, complaint

ENGLISH: Mapping[str, str] = {
    "layer": "Map",
    "indicators": "Indicators",
    "results": "Results",
    "surfaces": "Surfaces",
    "places": "Places",
    "search": "Find a place",
    "search_hint": "Find a place by name",
    "search_none": "No place of this name",
    "show": "Show",
    "links": "Links between neighbours",
    "points": "Points",
    "opacity": "Opacity",
    "legend": "Legend",
    "legend_hint": "Select a class to hide or show it",
    "all_classes": "Show all",
    "classes": "Classes",
    "below": "Below {low}: transparent",
    "no_data": "No data",
    "count_one": "{n} place",
    "count_many": "{n} places",
    "selected": "Selected",
    "clear": "Clear the selection",
    "scatter": "Moran scatterplot",
    "scatter_x": "Deviation from the mean",
    "scatter_y": "Average of the neighbours",
    "slope": "Slope {slope}",
    "slope_moran": "Slope = Moran’s I = {slope}",
    "quadrants": "Show one quadrant only",
    "table": "All places in a table",
    "table_all": "Show all {n} rows",
    "place": "Place",
    "class": "Class",
    "download": "Download as CSV",
    "about": "About this map",
    "notes": "Notes",
    "sources": "Sources",
    "licence": "Licence",
    "local": "Local coordinates: these places have no position on Earth.",
    "scale": "{length} at the centre of the map",
    "km": "km",
    "m": "m",
    "neighbours": "Neighbours",
    "map_label": "Map. Press Enter to select the place at the centre, Shift and an arrow key to go on from there, Escape to clear.",
    "description": "{title}. {count}.",
    "range": "From {low} to {high}.",
    "highest": "Highest: {names}.",
    "lowest": "Lowest: {names}.",
    "missing": "{n} without data.",
    "tolerance": "Outlines are drawn to within {tolerance}.",
    "rounded": "Values are given to seven significant digits.",
    "projection": "Drawn in Web Mercator, which makes the north look larger: compare areas elsewhere.",
    "drawn_with": "Drawn with Leaflet 1.9.3 and folium; the file needs no network.",
    "no_script": "This is a picture of the first map. The interactive map needs JavaScript.",
    "too_old": "This browser is too old for the interactive map. A browser of 2023 or later can show it.",
    "failed": "The map could not be drawn: {reason}",
    "first_rows": "The first {n} of {all} places.",
    "lines_as_points": "{layer}: lines are shown as points at their middle.",
    "too_many_links": "{graph}: its {n} links are too many for this map and are not drawn.",
    "whole": "Show everything",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "earlier": "Previous map",
    "later": "Next map",
    "north": "N",
    "south": "S",
    "east": "E",
    "west": "W",
    "decimal": ".",
}

RUSSIAN: Mapping[str, str] = {
    "layer": "Карта",
    "indicators": "Показатели",
    "results": "Результаты",
    "surfaces": "Поверхности",
    "places": "Территории",
    "search": "Найти территорию",
    "search_hint": "Найти по названию",
    "search_none": "Такого названия нет",
    "show": "Показать",
    "links": "Связи между соседями",
    "points": "Точки",
    "opacity": "Непрозрачность",
    "legend": "Легенда",
    "legend_hint": "Выберите класс, чтобы скрыть или показать его",
    "all_classes": "Показать все",
    "classes": "Классы",
    "below": "Ниже {low}: прозрачно",
    "no_data": "Нет данных",
    "count_one": "Территорий: {n}",
    "count_many": "Территорий: {n}",
    "selected": "Выбрано",
    "clear": "Снять выбор",
    "scatter": "Диаграмма рассеяния Морана",
    "scatter_x": "Отклонение от среднего",
    "scatter_y": "Среднее по соседям",
    "slope": "Наклон {slope}",
    "slope_moran": "Наклон = I Морана = {slope}",
    "quadrants": "Показать только один квадрант",
    "table": "Все территории в таблице",
    "table_all": "Показать все строки: {n}",
    "place": "Территория",
    "class": "Класс",
    "download": "Скачать CSV",
    "about": "Об этой карте",
    "notes": "Примечания",
    "sources": "Источники",
    "licence": "Лицензия",
    "local": "Местные координаты: положения на Земле у этих территорий нет.",
    "scale": "{length} в центре карты",
    "km": "км",
    "m": "м",
    "neighbours": "Соседи",
    "map_label": "Карта. Enter выбирает территорию в центре, Shift со стрелкой переходит дальше, Escape снимает выбор.",
    "description": "{title}. {count}.",
    "range": "От {low} до {high}.",
    "highest": "Наибольшие значения: {names}.",
    "lowest": "Наименьшие значения: {names}.",
    "missing": "Без данных: {n}.",
    "tolerance": "Точность контуров: {tolerance}.",
    "rounded": "Значения приведены с семью значащими цифрами.",
    "projection": "Проекция — веб-Меркатор: север выглядит крупнее, площади по этой карте не сравнивают.",
    "drawn_with": "Карта построена на Leaflet 1.9.3 и folium; сеть файлу не нужна.",
    "no_script": "Это изображение первой карты. Для интерактивной карты нужен JavaScript.",
    "too_old": "Этот браузер слишком стар для интерактивной карты. Подойдёт браузер 2023 года или новее.",
    "failed": "Карту не удалось нарисовать: {reason}",
    "first_rows": "Показано территорий: {n} из {all}.",
    "lines_as_points": "{layer}: линии показаны точками в их середине.",
    "too_many_links": "{graph}: связей {n}, для этой карты слишком много, они не показаны.",
    "whole": "Показать всё",
    "zoom_in": "Приблизить",
    "zoom_out": "Отдалить",
    "earlier": "Предыдущая карта",
    "later": "Следующая карта",
    "north": "с. ш.",
    "south": "ю. ш.",
    "east": "в. д.",
    "west": "з. д.",
    "decimal": ",",
}

WORDS: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "ru": RUSSIAN}


def words_in(language: str) -> tuple[str, Mapping[str, str]]:
    """
    Choose the words of a map.

    Parameters
    ----------
    language
        Its code, such as ``"en"``.

    Returns
    -------
    tuple
        The language that is really spoken, and its words. A language the map does not speak yet gives English and a
        warning.
    """
    if language in WORDS:
        return language, WORDS[language]
    warnings.warn(
        complaint(
            "web map", f"it does not speak {language!r} yet", f"It speaks {' and '.join(WORDS)}", "Its own words are in English"
        ),
        SpatialWarning,
        stacklevel=3,
    )
    return "en", ENGLISH
