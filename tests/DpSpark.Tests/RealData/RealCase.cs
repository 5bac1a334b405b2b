using System.Globalization;
using DpSpark.Testing;

namespace DpSpark.Tests.RealData;

internal enum ValueKind
{
    Count,
    Units,
    Sum,
    Mean,
    Quantile,
    Least,
    Most,
    Distinct,
}

/// <summary>A released column and what it is made of.</summary>
/// <param name="Name">Output name.</param>
/// <param name="Kind">The aggregate.</param>
/// <param name="Value">Value of a row, for numbers.</param>
/// <param name="Range">Width of the clamping bounds of a mean.</param>
/// <param name="Rank">Rank of a quantile.</param>
/// <param name="Text">Value of a row, for distinct values.</param>
internal sealed record Released(string Name, ValueKind Kind, Func<TextRow, decimal>? Value = null, decimal Range = 0, double Rank = 0, Func<TextRow, string>? Text = null);

/// <summary>A dataset, the manifest that releases it, and the same question in plain code.</summary>
internal sealed record RealCase
{
    public required string Manifest { get; init; }

    /// <summary>Files of the truth below the data folder.</summary>
    public required string[] Files { get; init; }

    /// <summary>Names of the columns where the files have no header (or of the columns that are read from a Parquet file).</summary>
    public string[] Names { get; init; } = [];

    /// <summary>Variables under which no bound binds and no noise is left.</summary>
    public string[] Loose { get; init; } = [];

    /// <summary>Rows that the contract keeps.</summary>
    public Func<TextRow, bool> Keep { get; init; } = _ => true;

    /// <summary>Partition key of a row, as the columns of the output.</summary>
    public required Func<TextRow, string[]> Key { get; init; }

    /// <summary>Privacy unit of a row; null where each row is its own.</summary>
    public Func<TextRow, string>? Unit { get; init; }

    public required Released[] Released { get; init; }

    /// <summary>The public keys, in any order; null where keys are chosen privately.</summary>
    public Func<string[][]>? Keyset { get; init; }

    /// <summary>Under private selection: most units of a key that may be missing.</summary>
    public int MayMiss { get; init; } = 1;

    public static IReadOnlyDictionary<string, RealCase> All { get; } = Cases().ToDictionary(c => c.Manifest, StringComparer.Ordinal);

    private static Released Count(string name) => new(name, ValueKind.Count);

    private static Released Units(string name) => new(name, ValueKind.Units);

    private static Released Sum(string name, Func<TextRow, decimal> value) => new(name, ValueKind.Sum, value);

    private static Released Mean(string name, decimal range, Func<TextRow, decimal> value) => new(name, ValueKind.Mean, value, range);

    private static Released Quantile(string name, double rank, Func<TextRow, decimal> value) => new(name, ValueKind.Quantile, value, Rank: rank);

    private static Released Distinct(string name, string column) => new(name, ValueKind.Distinct, Text: r => r[column]);

    private static Func<TextRow, decimal> Of(string column) => r => r.Number(column);

    private static Func<TextRow, decimal> OrZero(string column) => r => r[column] is "" or "NA" ? 0 : r.Number(column);

    /// <summary>A number as a column of floats holds it.</summary>
    private static decimal Single(decimal value) => (decimal)(double)(float)value;

    private static string[][] Cross(params string[][] parts) =>
        parts.Aggregate(new[] { Array.Empty<string>() }, (keys, part) => [.. keys.SelectMany(k => part.Select(p => (string[])[.. k, p]))]);

    private static string[] Numbers(int first, int last) => [.. Enumerable.Range(first, last - first + 1).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    private static string[] DaysOf2013 => [.. Enumerable.Range(0, 365).Select(d => new DateOnly(2013, 1, 1).AddDays(d).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))];

    private static string Hour(string text)
    {
        var parts = text.Split(':');
        var hour = (int.Parse(parts[0], CultureInfo.InvariantCulture) % 12) + (text.EndsWith("PM", StringComparison.Ordinal) ? 12 : 0);
        return Hour(hour);
    }

    private static string Hour(int hour) => string.Create(CultureInfo.InvariantCulture, $"1970-01-01T{hour:D2}:00:00Z");

    private static string Bin(decimal value, params decimal[] edges) =>
        edges[..^1].Last(e => e <= Math.Max(value, edges[0])).ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<RealCase> Cases()
    {
        const string Euros = "Money spent (euros)";
        const string Minutes = "Time spent (minutes)";
        yield return new()
        {
            Manifest = "restaurant-week",
            Files = ["restaurant/week_data.csv"],
            Loose = ["days=7", "most=500"],
            Key = r => [r["Day"]],
            Unit = r => r["VisitorId"],
            Released = [Units("visitors"), Count("visits"), Sum("euros", Of(Euros)), Mean("mean_minutes", 120, Of(Minutes))],
            Keyset = () => Cross(Numbers(1, 7)),
        };
        yield return new()
        {
            Manifest = "restaurant-spread",
            Files = ["restaurant/week_data.csv"],
            Loose = ["days=7", "rows=10"],
            Key = r => [r["Day"]],
            Unit = r => r["VisitorId"],
            Released =
            [
                Quantile("euros_p25", 0.25, Of(Euros)), Quantile("euros_p50", 0.5, Of(Euros)), Quantile("euros_p75", 0.75, Of(Euros)),
                new("shortest", ValueKind.Least, Of(Minutes)), new("longest", ValueKind.Most, Of(Minutes)), Distinct("times", "Time entered"), Distinct("prices", Euros),
            ],
            Keyset = () => Cross(Numbers(1, 7)),
        };
        yield return new()
        {
            Manifest = "restaurant-hours",
            Files = ["restaurant/week_data_seconds.csv"],
            Loose = ["rows=6"],
            Key = r => [r["Day"], Hour(r["Time entered"])],
            Unit = r => r["VisitorId"],
            Released = [Count("visits"), Sum("euros", Of(Euros)), Mean("mean_euros", 150, Of(Euros))],
            Keyset = () => Cross(Numbers(1, 7), [.. Enumerable.Range(8, 14).Select(Hour)]),
        };
        yield return new()
        {
            Manifest = "restaurant-day",
            Files = ["restaurant/day_data.csv"],
            Loose = ["delta=1e-3"],
            Key = r => [Bin(r.Number(Minutes), 0, 30, 45, 60), Bin(r.Number(Euros), 0, 12.5m, 25, 37.5m, 40)],
            Unit = r => r["VisitorId"],
            Released = [Count("visits"), Sum("euros", Of(Euros))],
        };
        yield return new()
        {
            Manifest = "restaurant-outliers",
            Files = ["restaurant/outliers_week_data.csv"],
            Loose = ["days=7", "rows=7", "delta=1e-3"],
            Key = r => [r["Day"]],
            Unit = r => r["VisitorId"],
            Released = [Units("visitors"), Sum("euros", Of(Euros)), Mean("mean_minutes", 180, Of(Minutes))],
            MayMiss = 2,
        };
        yield return new()
        {
            Manifest = "restaurant-all",
            Files = ["restaurant/week_data.csv", "restaurant/day_data.csv", "restaurant/outliers_week_data.csv"],
            Loose = ["rows=20"],
            Key = _ => [],
            Unit = r => r["VisitorId"],
            Released = [Count("visits"), Units("visitors"), Sum("euros", Of(Euros))],
            Keyset = () => [[]],
        };
        yield return new()
        {
            Manifest = "carrots",
            Files = ["animals_and_carrots/animals_and_carrots.csv"],
            Names = ["animal", "carrots"],
            Loose = ["own=5e8"],
            Key = _ => [],
            Unit = r => r["animal"],
            Released = [Count("animals"), Sum("carrots", Of("carrots")), Mean("mean_carrots", 100, Of("carrots"))],
            Keyset = () => [[]],
        };
        yield return new()
        {
            Manifest = "fruit",
            Files = ["small/fruiteaten.csv"],
            Names = ["id", "fruit"],
            Key = r => [r["fruit"]],
            Unit = r => r["id"],
            Released = [Units("eaters")],
            Keyset = () => Cross(["apple", "kiwi", "mango", "pear"]),
        };
        yield return new()
        {
            Manifest = "shirts",
            Files = ["small/shirts.csv"],
            Names = ["id", "colour"],
            Loose = ["own=5e8"],
            Key = r => [r["colour"]],
            Released = [Count("shirts")],
        };
        yield return new()
        {
            Manifest = "journeys",
            Files = ["small/synthetic_customer_journeys.csv"],
            Key = r => [r["has_conversion"].ToLowerInvariant(), r["product_view_0"]],
            Unit = r => r["user_id"],
            Released = [Count("journeys"), Sum("value", Of("conversion_value"))],
            Keyset = () => Cross(["false", "true"], ["jeans", "jumper", "socks", "t-shirt"]),
        };
        yield return new()
        {
            Manifest = "flights",
            Files = ["nycflights13/flights_slim.csv.gz"],
            Loose = ["cells=220", "per_cell=50", "delta=1e-3"],
            Keep = r => r["tailnum"].Length > 0,
            Key = r => [r["dest"], r["month"]],
            Unit = r => r["tailnum"],
            Released = [Units("planes"), Count("flights"), Sum("miles", Of("distance")), Mean("mean_air_time", 700, OrZero("air_time"))],
        };
        yield return new()
        {
            Manifest = "flights-slim",
            Files = ["nycflights13/flights_slim.csv.gz"],
            Loose = ["cells=48", "per_cell=3000"],
            Keep = r => r["dep_delay"].Length > 0,
            Key = r => [r["origin"], r["carrier"]],
            Unit = r => r["tailnum"],
            Released = [Count("flights"), Mean("mean_late", 1460, Of("dep_delay")), Sum("miles", Of("distance"))],
            Keyset = () => Cross(["EWR", "JFK", "LGA"], ["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV"]),
        };
        yield return new()
        {
            Manifest = "flights-routes",
            Files = ["nycflights13/flights_slim.csv.gz"],
            Loose = ["cells=224", "per_cell=1500"],
            Key = r => [r["dest"], r["origin"]],
            Unit = r => r["tailnum"].Length == 0 ? "" : r["tailnum"] + "," + r["carrier"],
            Released = [Units("planes"), Count("flights"), Sum("delays", r => r["arr_delay"].Length == 0 ? 0.5m : r.Number("arr_delay"))],
            Keyset = () => [.. TextTable.Read(SharedFiles.PathOf("data", "nycflights13", "flights.parquet"), "dest", "origin").Rows.Select(r => (r["dest"], r["origin"])).Distinct().Select(k => new[] { k.Item1, k.Item2 })],
        };
        yield return new()
        {
            Manifest = "flights-time",
            Files = ["nycflights13/flights.parquet"],
            Names = ["carrier", "flight", "time_hour", "air_time"],
            Loose = ["days=365", "per_day=10"],
            Keep = r => r["air_time"].Length > 0,
            Key = r => [r["time_hour"][..7] + "-01", r["time_hour"][..10]],
            Unit = r => r["carrier"] + r["flight"],
            Released = [Count("flights"), Sum("minutes", Of("air_time"))],
            Keyset = () => Cross([.. Enumerable.Range(1, 12).Select(m => string.Create(CultureInfo.InvariantCulture, $"2013-{m:D2}-01"))], DaysOf2013),
        };
        yield return new()
        {
            Manifest = "planes",
            Files = ["nycflights13/planes.csv"],
            Loose = ["delta=1e-3"],
            Key = r => [r["year"] == "NA" ? "" : Bin(r.Number("year"), 1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020), r["engine"]],
            Unit = r => r["tailnum"],
            Released = [Units("planes"), Mean("mean_seats", 500, Of("seats")), Sum("speeds", OrZero("speed"))],
            MayMiss = 2,
        };
        yield return new()
        {
            Manifest = "airports",
            Files = ["nycflights13/airports.csv"],
            Loose = ["delta=1e-3"],
            Key = r => [r["tzone"] == "NA" ? "" : r["tzone"], r["dst"]],
            Released = [Count("airports"), Sum("feet", Of("alt")), Mean("mean_lat", 90, Of("lat"))],
        };
        yield return new()
        {
            Manifest = "weather",
            Files = ["nycflights13/weather.csv.gz"],
            Keep = r => r["temp"] != "NA",
            Key = r => [r["origin"], r["time_hour"][..10]],
            Released = [Count("hours"), Mean("mean_temp", 110, Of("temp")), Sum("gusts", r => Single(OrZero("wind_gust")(r)))],
            Keyset = () => Cross(["EWR", "JFK", "LGA"], DaysOf2013),
        };
        yield return new()
        {
            Manifest = "weather-instants",
            Files = ["nycflights13/weather.csv.gz"],
            Loose = ["hours=10000"],
            Key = r => [r["time_hour"], r["wind_dir"] == "NA" ? "" : Bin(Math.Min(r.Number("wind_dir"), 359), 0, 90, 180, 270, 360)],
            Unit = r => r["origin"],
            Released = [Count("reports"), Sum("visib", Of("visib"))],
        };
        yield return new()
        {
            Manifest = "baskets",
            Files = ["online_retail/baskets.csv.gz"],
            Loose = ["items=2000", "per_item=100", "least=1", "own=5e8", "delta=1e-3"],
            Key = r => [r["stock_code"]],
            Unit = r => r["basket_id"],
            Released = [Units("baskets"), Count("items")],
        };
        yield return new()
        {
            Manifest = "baskets-text",
            Files = ["online_retail/baskets.parquet"],
            Loose = ["items=2000", "delta=1e-3"],
            Key = r => [r["stock_code"]],
            Unit = r => r["basket_id"],
            Released = [Units("baskets")],
        };
        yield return new()
        {
            Manifest = "purchases",
            Files = ["online_retail/purchases_50k.csv.gz"],
            Loose = ["countries=24", "rows=20000", "delta=1e-3"],
            Key = r => [r["Country"]],
            Unit = r => r["CustomerID"],
            Released = [Count("lines"), Sum("quantity", Of("Quantity")), Sum("prices", Of("UnitPrice")), Mean("mean_price", 20000, Of("UnitPrice"))],
        };
        yield return new()
        {
            Manifest = "adult",
            Files = ["adult/adult_train.csv.gz"],
            Key = r => [r["sex"], Bin(r.Number("age"), 17, 30, 45, 65, 90), r["education"]],
            Released = [Count("people"), Mean("mean_hours", 100, Of("hours_per_week")), Sum("gains", Of("capital_gain"))],
            Keyset = () => Cross(["Female", "Male"], ["17", "30", "45", "65"], ["Bachelors", "Masters", "Doctorate", "HS-grad"]),
        };
        yield return new()
        {
            Manifest = "congress",
            Files = ["congress/terms.csv.gz"],
            Loose = ["cells=60", "delta=1e-3"],
            Key = r => [r["start_date"][..7] + "-01", r["chamber"]],
            Unit = r => r["bioguide_id"],
            Released = [Count("terms"), Mean("mean_age", 80, Of("age_years")), Sum("ages", Of("age_years"))],
            MayMiss = 3,
        };
        yield return new()
        {
            Manifest = "adult-ages",
            Files = ["adult/adult_train.csv.gz"],
            Key = r => [r["education"], Bin(r.Number("age"), 0, 20, 40, 60, 80, 100)],
            Released = [Count("people"), Mean("hours", 200, Of("hours_per_week"))],
        };
        yield return new()
        {
            Manifest = "baskets-parquet",
            Files = ["online_retail/baskets.csv.gz"],
            Loose = ["items=1200", "per_item=30", "rows=1200"],
            Keep = r => r["stock_code"].Length > 0,
            Key = r => [r["stock_code"]],
            Unit = r => r["basket_id"],
            Released = [Count("bought"), Units("baskets")],
        };
        yield return new()
        {
            Manifest = "congress-members",
            Files = ["congress/terms.csv.gz"],
            Loose = ["cells=31", "per_cell=3", "terms=31"],
            Keep = r => r["age_years"].Length > 0,
            Key = r => [r["chamber"], r["start_date"][..7] + "-01"],
            Unit = r => r["bioguide_id"],
            Released = [Units("members"), Sum("years", Of("age_years"))],
        };
        yield return new()
        {
            Manifest = "flights-parquet",
            Files = ["nycflights13/flights_slim.csv.gz"],
            Loose = ["cells=300", "per_cell=100", "flights=600"],
            Keep = r => r["tailnum"].Length > 0,
            Key = r => [r["dest"], r["month"]],
            Unit = r => r["tailnum"],
            Released = [Count("flights"), Units("planes"), Sum("miles", Of("distance"))],
        };
    }
}
