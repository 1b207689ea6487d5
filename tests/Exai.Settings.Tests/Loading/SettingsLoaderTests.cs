using Microsoft.Extensions.Logging;

namespace Exai.Settings.Tests.Loading;

public sealed class SettingsLoaderTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    /// <summary>Trap 91.</summary>
    [Fact]
    public void Defaults_pass_their_own_checks()
    {
        var result = _temp.Load();
        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        result.SettingsFile.ShouldBeNull();
    }

    [Fact]
    public void Production_example_of_the_contract_passes()
    {
        var result = _temp.Load(
            ("EXAI_WS_GLOBAL_MAX_INFLIGHT", "24"), ("EXAI_WS_SESSION_MAX_INFLIGHT", "8"), ("EXAI_WS_GLM_MAX_INFLIGHT", "4"),
            ("EXAI_WS_KIMI_MAX_INFLIGHT", "6"), ("SESSION_MAX_CONCURRENT", "100"), ("EXAI_QUEUE_MAX", "1000"), ("KIMI_SESSION_TIMEOUT", "60"));
        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void Source_closest_to_the_command_wins()
    {
        _temp.WithSettings("EXAI_WS_PORT=3\nMONITORING_PORT=3\nEXAI_QUEUE_MAX=3\n");
        var result = _temp.Load(
            new Dictionary<string, string> { ["EXAI_WS_PORT"] = "1" }, ("EXAI_WS_PORT", "2"), ("MONITORING_PORT", "2"));
        result.Settings.Link.Port.ShouldBe(1);
        result.Settings.Monitoring.Port.ShouldBe(2);
        result.Settings.Concurrency.QueueMax.ShouldBe(3);
        result.SettingsFile.ShouldBe(_temp.Home.SettingsFile);
    }

    /// <summary>Traps 77 and 184.</summary>
    [Fact]
    public void Every_value_shows_where_it_came_from()
    {
        _temp.WithSettings("# limits\n\nEXAI_WS_KIMI_MAX_INFLIGHT=4\nMOONSHOT_API_URL=https://kimi.example/v1\n");
        var values = _temp.Load(new Dictionary<string, string> { ["LOG_LEVEL"] = "DEBUG" }, ("EXAI_WS_PORT", "9000")).Values
            .ToDictionary(value => value.Definition.Name);
        values.Count.ShouldBe(SettingsRegistry.All.Length);
        (values["EXAI_WS_KIMI_MAX_INFLIGHT"].Text, values["EXAI_WS_KIMI_MAX_INFLIGHT"].Source).ShouldBe(("4", $"{_temp.Home.SettingsFile}:3"));
        values["KIMI_API_URL"].Source.ShouldBe($"{_temp.Home.SettingsFile}:4 (MOONSHOT_API_URL)");
        values["LOG_LEVEL"].Source.ShouldBe("command line");
        values["EXAI_WS_PORT"].Source.ShouldBe("environment");
        (values["EXAI_QUEUE_MAX"].Text, values["EXAI_QUEUE_MAX"].Source, values["EXAI_QUEUE_MAX"].IsDefault).ShouldBe(("64", "default", true));
        values["EXAI_STORE"].Text.ShouldBe("sqlite:" + _temp.Home.Database);
        values["EXAI_WS_AUTOSTART"].Text.ShouldBe("true");
    }

    [Fact]
    public void Named_settings_file_replaces_the_one_in_the_home()
    {
        _temp.WithSettings("EXAI_WS_PORT=1\nEXAI_QUEUE_MAX=7");
        var named = _temp.Beside("other.env");
        File.WriteAllText(named, "EXAI_WS_PORT=2");
        var result = _temp.Load(("ENV_FILE", named));
        result.Settings.Link.Port.ShouldBe(2);
        result.Settings.Concurrency.QueueMax.ShouldBe(64);
        result.SettingsFile.ShouldBe(named);
    }

    [Fact]
    public void Named_settings_file_may_move_the_home()
    {
        var named = _temp.Beside("other.env");
        File.WriteAllText(named, $"EXAI_HOME={_temp.Beside("elsewhere")}");
        SettingsLoader.Load(new SettingsSources { Environment = new Dictionary<string, string> { ["ENV_FILE"] = named } })
            .Settings.Home.Path.ShouldBe(_temp.Beside("elsewhere"));
    }

    [Theory]
    [InlineData("missing.env", "does not exist")]
    [InlineData("home", "is a folder")]
    public void Named_settings_file_that_cannot_be_read_is_a_problem(string name, string reason)
    {
        var problem = _temp.Load(("ENV_FILE", _temp.Beside(name))).Problems.ShouldHaveSingleItem();
        problem.Name.ShouldBe("ENV_FILE");
        problem.ToString().ShouldContain(reason);
        problem.ToString().ShouldContain(_temp.Beside(name));
    }

    [Fact]
    public void Home_cannot_be_moved_from_the_file_inside_it()
    {
        var result = _temp.WithSettings("EXAI_HOME=/elsewhere").Load();
        result.Settings.Home.Path.ShouldBe(_temp.Home.Path);
        result.Warnings.ShouldHaveSingleItem().Name.ShouldBe("EXAI_HOME");
    }

    [Fact]
    public void Line_that_cannot_be_read_is_a_problem_with_file_and_line()
    {
        var problem = _temp.WithSettings("EXAI_WS_PORT=1\nnonsense\n").Load().Problems.ShouldHaveSingleItem();
        problem.Source.ShouldBe($"{_temp.Home.SettingsFile}:2");
    }

    [Fact]
    public void Name_set_twice_in_a_file_warns_and_the_last_counts()
    {
        var result = _temp.WithSettings("EXAI_WS_PORT=1\nEXAI_WS_PORT=2\n").Load();
        result.Settings.Link.Port.ShouldBe(2);
        result.Warnings.ShouldHaveSingleItem().Message.ShouldContain("line 1");
    }

    [Fact]
    public void Empty_value_is_no_value()
    {
        var result = _temp.WithSettings("EXAI_WS_PORT=9\n").Load(("EXAI_WS_PORT", " "), ("EXAI_WS_TOKEN", ""));
        result.Settings.Link.Port.ShouldBe(9);
        result.Settings.Link.Token.ShouldBeNull();
        result.Problems.ShouldBeEmpty();
    }

    /// <summary>Trap 180, for environments that a parser without comments has filled.</summary>
    [Fact]
    public void Comment_after_a_value_in_the_environment_is_no_part_of_it() =>
        _temp.Load(("GLM_TIMEOUT_SECS", "180  # three minutes")).Settings.Glm.Clocks.FirstTokenPlain.ShouldBe(TimeSpan.FromMinutes(3));

    /// <summary>Trap 181.</summary>
    [Fact]
    public void Five_wrong_settings_are_named_at_once_with_value_limit_source_and_mend()
    {
        _temp.WithSettings("EXAI_WS_PORT=70000\nGLM_TIMEOUT_SECS=soon\nEXAI_FALLBACK=maybe\n");
        var result = _temp.Load(("MONITORING_ENABLED", "perhaps"), ("KIMI_API_URL", "ftp://kimi.example"));
        result.Problems.Select(problem => problem.ToString()).ShouldBe(
            [
                $"EXAI_WS_PORT=70000 ({_temp.Home.SettingsFile}:1): must be a whole number from 0 to 65535. Correct it, or remove it for the default 8079",
                $"GLM_TIMEOUT_SECS=soon ({_temp.Home.SettingsFile}:2): must be a number of seconds from 0.01 to 604800, without a unit. Correct it, or remove it for the default 75",
                $"EXAI_FALLBACK=maybe ({_temp.Home.SettingsFile}:3): must be one of auto, always, never. Correct it, or remove it for the default auto",
                "MONITORING_ENABLED=perhaps (environment): must be true, false, 1, 0, yes or no. Correct it, or remove it for the default true",
                "KIMI_API_URL=ftp://kimi.example (environment): must be an absolute http or https address. Correct it, or remove it for the default https://api.moonshot.ai/v1",
            ],
            ignoreOrder: true);
        result.Settings.Link.Port.ShouldBe(8079);
        result.Settings.Link.PortIsDefault.ShouldBeTrue();
        result.Settings.Glm.Clocks.FirstTokenPlain.ShouldBe(TimeSpan.FromSeconds(75));
        result.Settings.Kimi.BaseUrl.ShouldBe(new Uri("https://api.moonshot.ai/v1"));
    }

    /// <summary>Trap 182.</summary>
    [Theory]
    [InlineData("too-short")]
    [InlineData("sixteen or more but with spaces")]
    [InlineData("größer-als-sechzehn-zeichen")]
    public void Wrong_token_is_a_problem_and_never_an_open_door(string token)
    {
        var result = _temp.Load(("EXAI_WS_TOKEN", token));
        var problem = result.Problems.ShouldHaveSingleItem();
        problem.Name.ShouldBe("EXAI_WS_TOKEN");
        problem.ToString().ShouldNotContain(token);
        // Null is the token file, which always exists: there is no link without a token.
        result.Settings.Link.Token.ShouldBeNull();
    }

    /// <summary>Trap 199.</summary>
    [Fact]
    public void Secrets_are_in_no_text_that_is_shown()
    {
        const string Secret = "sk-0123456789abcdef-secret";
        _temp.WithSettings($"EXAI_WS_TOKEN={Secret}\nGLM_API_KEY={Secret}\nKIMI_API_URL=https://me:{Secret}@kimi.example/v1\nKIMI_API_KEY={Secret} {Secret}\nGLM_APY_KEY={Secret}\n{Secret}\n");
        var result = _temp.Load();
        result.Settings.Link.Token.ShouldBe(Secret);
        result.Settings.Glm.ApiKey.ShouldBe(Secret);
        string[] shown =
        [
            .. result.Values.Select(value => value.ToString()), .. result.Problems.Select(problem => problem.ToString()),
            .. result.Warnings.Select(warning => warning.ToString()), result.Settings.ToString(), result.Settings.Link.ToString(), result.Settings.Glm.ToString(),
        ];
        shown.ShouldAllBe(text => !text.Contains("secret", StringComparison.Ordinal));
        result.Values.Single(value => value.Definition.Name == "GLM_API_KEY").Text.ShouldBe("(hidden, 26 characters)");
    }

    /// <summary>Trap 92.</summary>
    [Fact]
    public void Deprecated_stream_timeout_of_Kimi_counts_and_warns()
    {
        var result = _temp.Load(("KIMI_STREAM_TIMEOUT_SECS", "500"));
        result.Settings.Kimi.Clocks.For(web: false, thinking: false).Stream.ShouldBe(TimeSpan.FromSeconds(500));
        result.Warnings.ShouldHaveSingleItem().Message.ShouldContain("KIMI_STREAM_TIMEOUT");
        result.Problems.ShouldBeEmpty();
    }

    [Fact]
    public void Proper_name_counts_over_its_alias_and_the_difference_warns()
    {
        var result = _temp.Load(("KIMI_STREAM_TIMEOUT", "550"), ("KIMI_STREAM_TIMEOUT_SECS", "500"));
        result.Settings.Kimi.Clocks.Stream.ShouldBe(TimeSpan.FromSeconds(550));
        result.Warnings.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("FALSE", false)]
    [InlineData("1", true)]
    [InlineData("0", false)]
    [InlineData("Yes", true)]
    [InlineData("no", false)]
    public void Boolean_is_read_in_all_its_forms(string text, bool expected) =>
        _temp.Load(("MONITORING_ENABLED", text)).Settings.Monitoring.Enabled.ShouldBe(expected);

    [Theory]
    [InlineData("INFO", LogLevel.Information)]
    [InlineData("debug", LogLevel.Debug)]
    [InlineData("Warning", LogLevel.Warning)]
    [InlineData("CRITICAL", LogLevel.Critical)]
    [InlineData("Information", LogLevel.Information)]
    [InlineData("Trace", LogLevel.Trace)]
    [InlineData("None", LogLevel.None)]
    public void Log_level_is_read_by_both_families_of_names(string text, LogLevel expected)
    {
        var result = _temp.Load(("LOG_LEVEL", text));
        result.Settings.Log.Level.ShouldBe(expected);
        result.Problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("localhost", null, true)]
    [InlineData("::1", null, true)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("exai.example", null, false)]
    [InlineData("exai.example", "true", true)]
    [InlineData("127.0.0.1", "false", false)]
    public void Autostart_follows_the_host_unless_it_is_set(string host, string? autostart, bool expected)
    {
        var result = _temp.Load(("EXAI_WS_HOST", host), ("EXAI_WS_AUTOSTART", autostart ?? ""));
        result.Problems.ShouldBeEmpty();
        result.Settings.Link.Autostart.ShouldBe(expected);
    }

    [Fact]
    public void Endpoints_are_read_in_their_order_each_once_and_no_daemon_is_started_for_them()
    {
        var result = _temp.Load(("EXAI_WS_ENDPOINTS", "one.example:8079, 10.0.0.2:80,[fd00::3]:8079,one.example:8079"));

        result.Problems.ShouldBeEmpty();
        result.Warnings.ShouldBeEmpty();
        result.Settings.Link.Endpoints.Select(endpoint => endpoint.ToString()).ShouldBe(["one.example:8079", "10.0.0.2:80", "[fd00::3]:8079"]);
        result.Settings.Link.Autostart.ShouldBeFalse();
        _temp.Load().Settings.Link.Endpoints.ShouldBeEmpty();
    }

    [Fact]
    public void Endpoint_says_by_its_scheme_whether_it_speaks_tls()
    {
        var endpoints = _temp.Load(("EXAI_WS_ENDPOINTS", "wss://one.example:8079,HTTPS://[fd00::3]:443/,ws://one.example:8079,http://two:80")).Settings.Link.Endpoints;

        endpoints.Select(endpoint => endpoint.Tls).ShouldBe([true, true, false, false]);
        endpoints.Select(endpoint => endpoint.ToString()).ShouldBe(["wss://one.example:8079", "wss://[fd00::3]:443", "one.example:8079", "two:80"]);
    }

    [Fact]
    public void Tls_files_are_taken_from_the_home_unless_their_paths_are_absolute()
    {
        var tls = _temp.Load(("EXAI_TLS_CERT", "tls/exai.crt"), ("EXAI_TLS_KEY", "$EXAI_HOME/exai.key"), ("EXAI_TLS_CA", "/etc/ssl/own.pem")).Settings.Link.Tls;

        tls.ShouldBe(new TlsSettings
        {
            Certificate = Path.Combine(_temp.Home.Path, "tls/exai.crt"),
            Key = Path.Combine(_temp.Home.Path, "exai.key"),
            Authorities = "/etc/ssl/own.pem",
        });
        tls.Serves.ShouldBeTrue();
        _temp.Load().Settings.Link.Tls.ShouldBe(TlsSettings.None);
    }

    [Theory]
    [InlineData("EXAI_TLS_CERT", "EXAI_TLS_KEY")]
    [InlineData("EXAI_TLS_KEY", "EXAI_TLS_CERT")]
    public void Certificate_without_key_is_a_problem(string set, string missing)
    {
        var result = _temp.Load((set, "/etc/exai.pem"));

        var problem = result.Problems.ShouldHaveSingleItem();
        (problem.Name, problem.Value).ShouldBe((set, "/etc/exai.pem"));
        problem.Message.ShouldContain($"{missing} is not");
        result.Settings.Link.Tls.Serves.ShouldBeFalse();
    }

    [Fact]
    public void Autostart_that_is_asked_for_beside_endpoints_is_a_warning()
    {
        var result = _temp.Load(("EXAI_WS_ENDPOINTS", "one:1"), ("EXAI_WS_AUTOSTART", "true"));

        result.Settings.Link.Autostart.ShouldBeFalse();
        result.Warnings.ShouldHaveSingleItem().ToString().ShouldContain("EXAI_WS_ENDPOINTS (environment)");
        _temp.Load(("EXAI_WS_ENDPOINTS", "one:1"), ("EXAI_WS_AUTOSTART", "false")).Warnings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("one", "'one' has no port")]
    [InlineData("a:1,one", "'one' has no port")]
    [InlineData(":8079", "':8079' has no port")]
    [InlineData("[::1]", "'[::1]' has no port")]
    [InlineData("::1:8079", "IPv6 in brackets")]
    [InlineData("wss://one", "'wss://one' has no port")]
    [InlineData("wss://one:8079/ws", "nothing behind them")]
    [InlineData("tls://one:8079", "IPv6 in brackets")]
    [InlineData("one two:8079", "'one two' in 'one two:8079'")]
    [InlineData("[one]:8079", "'[one]' in '[one]:8079'")]
    [InlineData("one:0", "'one:0' has another")]
    [InlineData("one:65536", "'one:65536' has another")]
    [InlineData("one:http", "'one:http' has another")]
    [InlineData(",", "at least one value")]
    public void Bad_endpoint_is_named(string endpoints, string problem)
    {
        var result = _temp.Load(("EXAI_WS_ENDPOINTS", endpoints));

        result.Problems.ShouldHaveSingleItem().Message.ShouldContain(problem);
        result.Settings.Link.Endpoints.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("EXAI_WS_HOST", "http://localhost")]
    [InlineData("EXAI_WS_HOST", "localhost:8079")]
    [InlineData("EXAI_STORE", "postgres://db")]
    [InlineData("EXAI_ALLOWED_ROOTS", "/work,relative")]
    [InlineData("CIRCUIT_BREAKER_FAILURE_THRESHOLD", "1")]
    [InlineData("EXAI_QUEUE_MAX", "1e3")]
    [InlineData("EXAI_QUEUE_MAX", "99999999999999999999")]
    [InlineData("EXAI_DRAIN_SECS", "-1")]
    [InlineData("EXAI_DRAIN_SECS", "NaN")]
    [InlineData("EXAI_DRAIN_SECS", "30s")]
    [InlineData("GLM_API_KEY", "two words")]
    [InlineData("DISABLED_TOOLS", ",")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("EXAI_HOME", "/")]
    public void Value_outside_its_kind_is_one_problem(string name, string value) =>
        _temp.Load((name, value)).Problems.ShouldHaveSingleItem().Name.ShouldBe(name);

    [Fact]
    public void Default_model_that_is_set_leads_the_preferred_ones_that_are_not()
    {
        _temp.Load(("GLM_DEFAULT_MODEL", "glm-9")).Settings.Glm.PreferredModels.ShouldBe(["glm-9", "glm-4.6", "glm-4.5-flash", "glm-4.5", "glm-4.5-air"]);
        _temp.Load().Settings.Kimi.PreferredModels.ShouldBe(["kimi-k2-0905-preview", "kimi-k2-turbo-preview"]);
        _temp.Load(("GLM_PREFERRED_MODELS", " a , b,, ")).Settings.Glm.PreferredModels.ShouldBe(["a", "b"]);
    }

    [Fact]
    public void Variable_of_a_further_endpoint_is_found_by_the_same_precedence()
    {
        var variables = _temp.WithSettings("DEEPSEEK_API_KEY=from-file\nOTHER_KEY='file'\n").Load(("OTHER_KEY", "environment")).Settings.Variables;
        variables.Find("DEEPSEEK_API_KEY").ShouldBe("from-file");
        variables.Find("OTHER_KEY").ShouldBe("environment");
        variables.Find("NOT_THERE").ShouldBeNull();
    }
}
