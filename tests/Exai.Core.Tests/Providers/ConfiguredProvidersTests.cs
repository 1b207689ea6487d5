using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Settings;

namespace Exai.Core.Tests.Providers;

/// <summary>From settings to providers.</summary>
public sealed class ConfiguredProvidersTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("exai-providers-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    /// <summary>Trap 188.</summary>
    [Fact]
    public void Every_usable_endpoint_becomes_a_provider_in_order_with_what_admission_needs()
    {
        var providers = Configured(
            """
            { "providers": [
                { "name": "a", "baseUrl": "https://a.example/v1", "keyVariable": "A_KEY", "models": ["m1", { "id": "m2", "window": 5000 }], "defaultModel": "m2",
                  "limits": { "maxInflight": 7 }, "automatic": false },
                { "name": "b", "dialect": "glm", "baseUrl": "https://b.example/v1", "keyVariable": "B_KEY", "models": ["glm-4.6"] },
                { "name": "off", "baseUrl": "https://c.example/v1", "keyVariable": "C_KEY" } ] }
            """,
            ("A_KEY", "ka"), ("B_KEY", "kb"), ("KIMI_API_KEY", "kk"), ("EXAI_WS_KIMI_MAX_INFLIGHT", "5"));

        var all = providers.All();

        all.Select(provider => (provider.Name, provider.Dialect, provider.MaxInflight, provider.Automatic, provider.PreferredModels[0]))
            .ShouldBe([("kimi", "kimi", 5, true, "kimi-k2-0905-preview"), ("a", "openai", 7, false, "m2"), ("b", "glm", 4, true, "glm-4.6")]);
        (all[0].ThinkingModel, all[0].SpeedModel).ShouldBe(("kimi-thinking-preview", "kimi-k2-turbo-preview"));
        all[1].PreferredModels.ShouldBe(["m2", "m1"]);
        all[1].Origin.ShouldEndWith("providers.json:2");
        providers.Unusable().Keys.ShouldBe(["off", "glm"], ignoreOrder: true);
        providers.Unusable()["off"].ShouldContain("C_KEY");
        var limits = providers.Limits();
        (limits["kimi"], limits["a"], limits["b"], limits["ollama"]).ShouldBe((5, 7, 4, 2));
    }

    [Theory]
    [InlineData("{}", new[] { "ollama", "lmstudio", "llamacpp", "vllm" })]
    [InlineData("""{ "detectLocal": false }""", new string[0])]
    [InlineData("""{ "providers": [{ "preset": "ollama", "enabled": false }] }""", new[] { "lmstudio", "llamacpp", "vllm" })]
    [InlineData("""{ "providers": [{ "preset": "vllm", "name": "mine" }] }""", new[] { "ollama", "lmstudio", "llamacpp" })]
    [InlineData("""{ "providers": [{ "name": "mine", "baseUrl": "http://localhost:8080/v1" }] }""", new[] { "ollama", "lmstudio", "vllm" })]
    public void Local_servers_are_looked_for_unless_the_file_speaks_of_them(string file, string[] presets) =>
        Configured(file).LookedFor().Select(preset => preset.Name).ShouldBe(presets);

    [Fact]
    public void Found_server_is_asked_by_name_only()
    {
        var found = Configured("{}").Detected(EndpointPresets.Find("ollama")!);

        (found.Name, found.IsDetected, found.Automatic, found.PreferredModels.Count, found.Origin).ShouldBe(("ollama", true, false, 0, "found at 127.0.0.1:11434"));
    }

    [Fact]
    public void Described_models_are_the_routers_and_cost_what_the_file_says()
    {
        File.WriteAllText(Path.Combine(_home, "models.json"), """[{ "id": "glm-4.6", "priceIn": 5, "priceOut": 5 }]""");
        var settings = Settings("{}", ("GLM_API_KEY", "k"));
        var catalogue = ModelCatalogue.Load().With(settings.DescribedModels);
        var router = new ModelRouter(new ConfiguredProviders(settings, catalogue, TimeProvider.System).All(), catalogue, "auto");

        router.Resolve(new ModelQuestion { SystemPrompt = "s", Prompt = "p" }).Info!.Cost(1_000_000, 0).ShouldBe(5);
    }

    private ConfiguredProviders Configured(string file, params (string Name, string Value)[] variables) =>
        new(Settings(file, variables), ModelCatalogue.Load(), TimeProvider.System);

    private ExaiSettings Settings(string file, params (string Name, string Value)[] variables)
    {
        File.WriteAllText(Path.Combine(_home, "providers.json"), file);
        var environment = variables.ToDictionary(variable => variable.Name, variable => variable.Value);
        environment["EXAI_HOME"] = environment["HOME"] = _home;
        var result = SettingsLoader.Load(new SettingsSources { Environment = environment });
        result.Problems.ShouldBeEmpty();
        return result.Settings;
    }
}
