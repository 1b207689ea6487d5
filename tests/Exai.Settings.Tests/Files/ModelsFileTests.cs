namespace Exai.Settings.Tests.Files;

public sealed class ModelsFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Descriptions_are_read_and_say_nothing_of_what_they_leave_out()
    {
        Write(
            """
            [
              { "id": "glm-4.6", "priceIn": 0.7, "priceOut": 2 }, // a correction
              { "id": "kimi-k4", "provider": "Kimi", "window": 2000000, "aliases": ["k4"], "dated": false, "successor": "kimi-k5" },
            ]
            """);
        var result = _temp.Load();

        result.Problems.ShouldBeEmpty();
        var models = result.Settings.DescribedModels;
        models[0].ShouldBe(new ModelDescription { Id = "glm-4.6", PriceIn = 0.7m, PriceOut = 2 });
        (models[1].Provider, models[1].Window, models[1].Dated, models[1].Successor).ShouldBe(("kimi", 2_000_000, false, "kimi-k5"));
        models[1].Aliases.ShouldBe(["k4"]);
    }

    [Theory]
    [InlineData("{}", "the file", "must be a list")]
    [InlineData("""[{ "id": "a", "wndow": 5 }]""", "[0].wndow", "did you mean window?")]
    [InlineData("""[{ "id": "a", "window": 5 }]""", "[0].window", "from 256")]
    [InlineData("""[{ "window": 5000 }]""", "[0]", "names no id")]
    [InlineData("""["a"]""", "[0]", "must be an object")]
    [InlineData("""[{ "id": "a" }, { "id": "A", "window": 5000 }]""", "[1]", "named twice; the first is in line 1")]
    [InlineData("""[{ "id": "a", "aliases": ["x"] }, { "id": "b", "aliases": ["X"] }]""", "[1]", "named twice")]
    public void Wrong_entry_is_refused_with_its_place(string text, string name, string message)
    {
        Write(text);

        var problem = _temp.Load().Problems.ShouldHaveSingleItem();

        problem.Name.ShouldBe(name);
        problem.Source.ShouldBe(_temp.Home.ModelsFile + ":1");
        problem.Message.ShouldContain(message);
    }

    [Fact]
    public void Same_id_at_two_providers_is_no_repetition()
    {
        Write("""[{ "id": "a", "provider": "x" }, { "id": "a", "provider": "y" }]""");

        _temp.Load().Settings.DescribedModels.Count.ShouldBe(2);
    }

    private void Write(string text) => File.WriteAllText(_temp.Home.ModelsFile, text);
}
