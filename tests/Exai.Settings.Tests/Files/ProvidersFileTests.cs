namespace Exai.Settings.Tests.Files;

public sealed class ProvidersFileTests : IDisposable
{
    private const string Key = "sk-0123456789abcdefghij";

    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void No_file_no_further_providers()
    {
        var endpoints = Load().Settings.Endpoints;

        endpoints.All.ShouldBeEmpty();
        endpoints.DetectLocal.ShouldBeTrue();
    }

    /// <summary>Trap 188.</summary>
    [Fact]
    public void Endpoints_are_read_each_with_its_own_key_dialect_and_limits()
    {
        var endpoints = Read(
            """
            // comments and trailing commas are allowed
            {
              "detectLocal": false,
              "providers": [
                { "preset": "openrouter", "models": ["x-ai/grok", "qwen/qwen3"], "defaultModel": "qwen/qwen3" },
                {
                  "name": "glm-coding",
                  "dialect": "glm",
                  "baseUrl": "https://api.z.ai/api/coding/paas/v4",
                  "keyVariable": "CODING_KEY",
                  "models": [
                    { "id": "glm-4.7", "window": 100000, "maxOutput": 5000, "vision": false, "thinking": "default_on", "webSearch": true, "tools": true,
                      "priceIn": 0.5, "priceOut": 1, "priceCached": 1e-1, "aliases": ["coder"], },
                  ],
                  "limits": { "connections": 3, "maxInflight": 1 },
                  "clocks": { "connect": 5, "headers": 20, "firstToken": 30, "stream": 200.5 },
                  "headers": { "X-Team": "a", "X-Org": "org ${ORG}" },
                  "maxOutputTokens": 4000,
                  "automatic": false,
                },
                { "preset": "ollama" }, /* no key, nothing else */
              ],
            }
            """,
            ("OPENROUTER_API_KEY", Key), ("CODING_KEY", "k2"), ("ORG", "o1"));

        endpoints.DetectLocal.ShouldBeFalse();
        var (router, coding, ollama) = (endpoints.All[0], endpoints.All[1], endpoints.All[2]);
        (router.Name, router.BaseUrl.ToString(), router.ApiKey, router.Dialect, router.DefaultModel, router.IsUsable, router.Automatic)
            .ShouldBe(("openrouter", "https://openrouter.ai/api/v1", Key, EndpointDialect.OpenAi, "qwen/qwen3", true, true));
        router.Models.Select(model => model.Id).ShouldBe(["x-ai/grok", "qwen/qwen3"]);
        (router.ConnectionPoolSize, router.MaxInflight, router.MaxOutputTokens, router.Clocks.Stream).ShouldBe((15, 4, 8192, TimeSpan.FromSeconds(600)));

        (coding.Name, coding.Preset, coding.Dialect, coding.ApiKey, coding.DefaultModel, coding.Automatic).ShouldBe(("glm-coding", "custom", EndpointDialect.Glm, "k2", "glm-4.7", false));
        (coding.ConnectionPoolSize, coding.MaxInflight, coding.MaxOutputTokens).ShouldBe((3, 1, 4000));
        (coding.Clocks.Connect, coding.Clocks.Headers, coding.Clocks.FirstTokenPlain, coding.Clocks.FirstTokenWeb, coding.Clocks.Stream)
            .ShouldBe((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(200.5)));
        (coding.Headers["X-Team"], coding.Headers["x-org"]).ShouldBe(("a", "org o1"));
        var model = coding.Models.Single();
        (model.Window, model.MaxOutput, model.Vision, model.Thinking, model.WebSearch, model.Tools, model.PriceIn, model.PriceOut, model.PriceCached)
            .ShouldBe((100000, 5000, false, ThinkingKind.DefaultOn, true, true, 0.5m, 1m, 0.1m));
        model.Aliases.ShouldBe(["coder"]);
        coding.Source.ShouldBe($"{_temp.Home.ProvidersFile}:6");

        (ollama.Name, ollama.BaseUrl.ToString(), ollama.KeyVariable, ollama.IsUsable, ollama.DefaultModel, ollama.MaxInflight)
            .ShouldBe(("ollama", "http://127.0.0.1:11434/v1", null, true, null, 2));
    }

    [Theory]
    [InlineData("openai", "https://api.openai.com/v1", "OPENAI_API_KEY")]
    [InlineData("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY")]
    [InlineData("deepseek", "https://api.deepseek.com/", "DEEPSEEK_API_KEY")]
    [InlineData("ollama", "http://127.0.0.1:11434/v1", null)]
    [InlineData("lmstudio", "http://127.0.0.1:1234/v1", null)]
    [InlineData("llamacpp", "http://127.0.0.1:8080/v1", null)]
    [InlineData("vllm", "http://127.0.0.1:8000/v1", null)]
    public void Preset_needs_only_its_key_or_nothing(string preset, string url, string? variable)
    {
        var endpoint = Read($$"""{ "providers": [{ "preset": "{{preset}}" }] }""", (variable ?? "NONE", Key)).All.Single();

        (endpoint.Name, endpoint.BaseUrl.ToString(), endpoint.KeyVariable, endpoint.IsUsable).ShouldBe((preset, url, variable, true));
    }

    [Fact]
    public void Key_that_is_set_makes_its_preset_known_by_name_only()
    {
        _temp.WithSettings($"\nDEEPSEEK_API_KEY={Key}\n");
        var result = _temp.Load();

        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        var endpoint = result.Settings.Endpoints.All.Single();
        (endpoint.Name, endpoint.ApiKey, endpoint.Automatic, endpoint.IsUsable, endpoint.Source)
            .ShouldBe(("deepseek", Key, false, true, $"{_temp.Home.SettingsFile}:2 (DEEPSEEK_API_KEY)"));
    }

    [Fact]
    public void Entry_of_a_preset_replaces_the_one_that_its_key_makes_known()
    {
        Read("""{ "providers": [{ "preset": "openai", "name": "work" }] }""", ("OPENAI_API_KEY", Key)).All.Single().Name.ShouldBe("work");
        Read("""{ "providers": [{ "preset": "openai", "enabled": false }] }""", ("OPENAI_API_KEY", Key)).All.Single().IsUsable.ShouldBeFalse();
    }

    [Fact]
    public void Variable_that_is_not_set_is_no_problem_and_is_named()
    {
        var endpoint = Read("""{ "providers": [{ "preset": "openai", "headers": { "Authorization": "Bearer ${TOKEN_A}" } }] }""").All.Single();

        endpoint.IsUsable.ShouldBeFalse();
        endpoint.MissingVariables.ShouldBe(["OPENAI_API_KEY", "TOKEN_A"]);
    }

    [Fact]
    public void Name_of_an_endpoints_key_is_no_slip_of_the_pen()
    {
        Write("""{ "providers": [{ "name": "x", "baseUrl": "https://x.example/v1", "keyVariable": "GLM2_API_KEY" }] }""");
        _temp.WithSettings("GLM2_API_KEY=k\n");

        _temp.Load().Warnings.ShouldBeEmpty();
    }

    /// <summary>Trap 209: the file of a project is never read, wherever the program runs.</summary>
    [Fact]
    public void File_in_the_current_folder_is_never_read()
    {
        var mentioned = Load(("EXAI_PROVIDERS_FILE", "providers.json")).Settings.ProvidersFile;

        mentioned.ShouldBe(Path.Combine(_temp.Home.Path, "providers.json"));
    }

    public static TheoryData<string, string, string> WrongEntries => new()
    {
        { """{ "preset": "open-ai" }""", "providers[0].preset=open-ai", "must be one of openai, openrouter" },
        { """{ "baseUrl": "https://x.example" }""", "providers[0]", "names neither a preset nor itself" },
        { """{ "name": "a" }""", "providers[0]", "names no baseUrl" },
        { """{ "name": "A b", "baseUrl": "https://x.example" }""", "providers[0].name=A b", "small letters" },
        { """{ "name": "glm", "baseUrl": "https://x.example" }""", "providers[0].name=glm", "GLM_API_URL" },
        { """{ "name": "auto", "baseUrl": "https://x.example" }""", "providers[0].name=auto", "reserved" },
        { """{ "name": "a", "baseUrl": "x.example" }""", "providers[0].baseUrl=x.example", "absolute http" },
        { """{ "preset": "ollama", "dialect": "glm" }""", "providers[0].dialect=glm", "beside the preset" },
        { """{ "preset": "ollama", "dialekt": "glm" }""", "providers[0].dialekt", "did you mean dialect?" },
        { """{ "preset": "ollama", "limits": { "maxInflight": 0 } }""", "providers[0].limits.maxInflight=0", "from 1 to 1000" },
        { """{ "preset": "ollama", "limits": { "connections": 1.5 } }""", "providers[0].limits.connections=1.5", "whole number" },
        { """{ "preset": "ollama", "limits": 5 }""", "providers[0].limits=5", "must be an object" },
        { """{ "preset": "ollama", "clocks": { "idle": -1 } }""", "providers[0].clocks.idle=-1", "seconds from 0.01" },
        { """{ "preset": "ollama", "clocks": { "firstToken": 700 } }""", "providers[0].clocks.firstToken", "stream (600 s, the default)" },
        { """{ "preset": "ollama", "clocks": { "headers": 5 } }""", "providers[0].clocks.headers", "connect (10 s, the default) is above headers (5 s)" },
        { """{ "preset": "ollama", "clocks": { "stream": 5000 } }""", "providers[0].clocks.stream=5000", "its call ends after 960 s" },
        { """{ "preset": "ollama", "models": [""] }""", "providers[0].models[0]=", "says something" },
        { """{ "preset": "ollama", "models": ["a", "A"] }""", "providers[0].models[1]=A", "named twice; the first is in line 1" },
        { """{ "preset": "ollama", "models": [{ "window": 5000 }] }""", "providers[0].models[0]", "names no id" },
        { """{ "preset": "ollama", "models": [{ "id": "m", "window": 5000, "maxOutput": 6000 }] }""", "providers[0].models[0].maxOutput=6000", "above the window of 5000" },
        { """{ "preset": "ollama", "models": [{ "id": "m", "priceIn": -1 }] }""", "providers[0].models[0].priceIn=-1", "USD" },
        { """{ "preset": "ollama", "models": [{ "id": "m", "thinking": "yes" }] }""", "providers[0].models[0].thinking=yes", "none, hybrid" },
        { """{ "preset": "ollama", "models": [{ "id": "m", "aliases": ["auto"] }] }""", "providers[0].models[0].aliases[0]=auto", "cannot be an alias" },
        { """{ "preset": "ollama", "automatic": "no" }""", "providers[0].automatic=no", "true or false" },
        { """{ "preset": "ollama", "name": "a", "name": "b" }""", "providers[0].name=b", "stands twice" },
        { """{ "preset": "ollama", "headers": { "Host": "x" } }""", "providers[0].headers.Host", "belongs to the protocol" },
        { """{ "preset": "ollama", "headers": { "X-A": "${" } }""", "providers[0].headers.X-A", "not closed" },
        { """{ "preset": "ollama", "headers": { "X-A": "a\r\nX-B: c" } }""", "providers[0].headers.X-A", "printable ASCII" },
        { "5", "providers[0]=5", "must be an object" },
    };

    [Theory]
    [MemberData(nameof(WrongEntries))]
    public void Wrong_entry_is_refused_with_place_value_and_mend(string entry, string named, string message)
    {
        Write($$"""{ "providers": [{{entry}}] }""");
        var result = _temp.Load();

        var problem = result.Problems.ShouldHaveSingleItem();
        problem.ToString().ShouldStartWith($"{named} ({_temp.Home.ProvidersFile}:1): ");
        $"{problem.Message}. {problem.Mend}".ShouldContain(message);
        problem.Mend.ShouldNotBeEmpty();
        result.Settings.Endpoints.All.ShouldBeEmpty();
    }

    /// <summary>Trap 208: keys are refused in this file, and no report repeats one.</summary>
    [Theory]
    [InlineData($$"""{ "preset": "openai", "apiKey": "{{Key}}" }""", "providers[0].apiKey")]
    [InlineData($$"""{ "preset": "openai", "api_key": "{{Key}}" }""", "providers[0].api_key")]
    [InlineData($$"""{ "preset": "openai", "token": "{{Key}}" }""", "providers[0].token")]
    [InlineData($$"""{ "preset": "openai", "keyVariable": "{{Key}}" }""", "providers[0].keyVariable")]
    [InlineData($$"""{ "preset": "openai", "headers": { "Authorization": "Bearer {{Key}}" } }""", "providers[0].headers.Authorization")]
    [InlineData($$"""{ "preset": "openai", "headers": { "x-api-key": "{{Key}}" } }""", "providers[0].headers.x-api-key")]
    [InlineData($$"""{ "preset": "openai", "headers": { "X-Team": "{{Key}}" } }""", "providers[0].headers.X-Team")]
    [InlineData($$"""{ "name": "a", "baseUrl": "https://u:{{Key}}@x.example/v1" }""", "providers[0].baseUrl")]
    [InlineData($$"""{ "name": "a", "baseUrl": "https://x.example/v1?key={{Key}}" }""", "providers[0].baseUrl")]
    [InlineData($$"""{ "preset": "openai", "models": ["{{Key}}"] }""", "providers[0].models[0]")]
    public void Key_in_the_file_is_refused_and_never_shown(string entry, string place)
    {
        Write($$"""{ "providers": [{{entry}}] }""");

        var problem = _temp.Load().Problems.ShouldHaveSingleItem();

        problem.Name.ShouldBe(place);
        problem.ToString().ShouldNotContain(Key);
        problem.ToString().ShouldNotContain("0123456789");
    }

    /// <summary>Trap 181.</summary>
    [Fact]
    public void All_problems_are_reported_at_once_each_with_its_line()
    {
        Write(
            """
            {
              "providers": [
                { "preset": "ollama", "maxOutputTokens": 0 },
                { "preset": "vllm", "baseUrl": "nowhere" },
                { "preset": "ollama" }
              ],
              "detectLocal": "yes",
              "endpoints": []
            }
            """);

        var result = _temp.Load();

        result.Problems.Select(problem => (problem.Name, problem.Source[(problem.Source.LastIndexOf(':') + 1)..])).ShouldBe(
            [("endpoints", "8"), ("detectLocal", "7"), ("providers[0].maxOutputTokens", "3"), ("providers[1].baseUrl", "4"), ("providers[2]", "5")],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("{ \"providers\": [\n{ \"preset\" \"ollama\" } ] }", ":2", "not JSON")]
    [InlineData("", ":1", "not JSON")]
    [InlineData("{} {}", ":1", "not JSON")]
    [InlineData("[]", ":1", "must be an object")]
    public void File_that_is_no_such_file_is_one_problem(string text, string line, string message)
    {
        Write(text);

        var problem = _temp.Load().Problems.ShouldHaveSingleItem();

        problem.Source.ShouldBe(_temp.Home.ProvidersFile + line);
        problem.Message.ShouldContain(message);
    }

    [Fact]
    public void Folder_in_the_files_place_is_a_problem()
    {
        Directory.CreateDirectory(_temp.Home.ProvidersFile);

        _temp.Load().Problems.ShouldHaveSingleItem().Message.ShouldContain("folder");
    }

    [Fact]
    public void Key_over_an_open_connection_is_a_warning()
    {
        Write("""{ "providers": [{ "name": "a", "baseUrl": "http://far.example/v1", "keyVariable": "A_KEY" }] }""");

        _temp.Load(("A_KEY", Key)).Warnings.ShouldHaveSingleItem().ToString().ShouldContain("unencrypted to far.example");
        _temp.Load().Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void Endpoint_in_words_shows_no_key() =>
        Read("""{ "providers": [{ "preset": "openai" }] }""", ("OPENAI_API_KEY", Key)).All.Single().ToString().ShouldNotContain(Key);

    private EndpointsSettings Read(string text, params (string Name, string Value)[] environment)
    {
        Write(text);
        return Load(environment).Settings.Endpoints;
    }

    private SettingsResult Load(params (string Name, string Value)[] environment)
    {
        var result = _temp.Load(environment);
        result.Problems.ShouldBeEmpty();
        return result;
    }

    private void Write(string text) => File.WriteAllText(_temp.Home.ProvidersFile, text);
}
