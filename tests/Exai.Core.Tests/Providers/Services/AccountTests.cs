using Exai.Core.Providers;
using Exai.Core.Providers.Services;
using Exai.Protocol;
using Exai.Simulator;
using Exai.Testing;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers.Services;

public sealed class AccountTests
{
    [Fact]
    public async Task Kimi_tells_its_balance()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        (await provider.Kimi().GetService<IProviderBalance>()!.ReadAsync(provider.Patience)).ShouldBe(new ProviderBalance(49.58m, 46.58m, 3m, null));
    }

    [Theory]
    [InlineData("https://api.moonshot.ai/v1", "USD")]
    [InlineData("https://api.moonshot.cn/v1", "CNY")]
    public async Task Currency_is_the_host_s_and_debts_are_negative(string url, string currency)
    {
        var handler = VerbatimHandler.Answering("""{"code":0,"data":{"available_balance":-0.5,"cash_balance":"-1.25"},"scode":"0x0","status":true}""");
        using var client = ProviderClients.Kimi(new ProviderEndpoint { Name = "kimi", BaseUrl = new Uri(url), ApiKey = Wire.KimiKey }, Wire.Catalogue, new FixedTime(), handler);

        (await client.GetService<IProviderBalance>()!.ReadAsync()).ShouldBe(new ProviderBalance(-0.5m, null, -1.25m, currency));

        handler.Request!.RequestUri.ShouldBe(new Uri(url + "/users/me/balance"));
        handler.RequestHeaders["Authorization"].ShouldBe("Bearer " + Wire.KimiKey);
    }

    [Fact]
    public async Task Glm_tells_how_much_of_a_plan_is_used_and_no_balance()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var client = provider.Glm();

        var usage = await client.GetService<IPlanUsage>()!.ReadAsync(provider.Patience);

        usage.Level.ShouldBe("pro");
        usage.Limits[0].ShouldBe(new PlanLimit("TOKENS_LIMIT", "5 hours", 37, 14_800_000, 40_000_000, usage.Limits[0].ResetsAt));
        usage.Limits[0].ResetsAt.ShouldNotBeNull();
        usage.Limits[1].ShouldBe(new PlanLimit("TIME_LIMIT", "month", 2.5, 25, 1000, null));
        client.GetService<IProviderBalance>().ShouldBeNull();
    }

    [Fact]
    public async Task Glm_plan_is_asked_for_beside_the_base_with_the_bare_key()
    {
        var handler = VerbatimHandler.Answering("""{"code":200,"msg":"ok","data":{"limits":[{"type":"NEW_LIMIT","percentage":101.5,"nextResetTime":1790000000000}]},"success":true}""");
        using var client = Wire.Glm(handler);

        var limit = (await client.GetService<IPlanUsage>()!.ReadAsync()).Limits.Single();

        limit.ShouldBe(new PlanLimit("NEW_LIMIT", null, 101.5, null, null, DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000)));
        handler.Request!.RequestUri.ShouldBe(new Uri("https://api.z.ai/api/monitor/usage/quota/limit"));
        handler.RequestHeaders["Authorization"].ShouldBe(Wire.GlmKey);
    }

    [Theory]
    [InlineData("glm-4.6", "glm-4.6")]
    [InlineData("glm-4.5", "glm-4.5")]
    [InlineData("glm-5.3", "glm-4.6")]
    [InlineData("glm-5v-turbo", "glm-4.6v")]
    [InlineData("glm-9-unknown", "glm-4.6")]
    public async Task Glm_counts_newer_models_as_their_elders(string model, string counted)
    {
        var handler = VerbatimHandler.Answering("""{"id":"1","usage":{"prompt_tokens":7,"total_tokens":9}}""");
        using var client = Wire.Glm(handler);

        (await client.GetService<ITokenCounter>()!.CountAsync(model, Wire.Hello())).ShouldBe(new TokenCount(9, counted));

        handler.RequestJson.ShouldBe($$"""{"model":"{{counted}}","messages":[{"role":"user","content":"Hello"}]}""");
    }

    [Fact]
    public async Task Kimi_counts_tokens()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        (await provider.Kimi().GetService<ITokenCounter>()!.CountAsync("kimi-k3", Wire.Hello(), provider.Patience)).ShouldBe(new TokenCount(2, "kimi-k3"));
        provider.Routes.ShouldBe(["POST /v1/tokenizers/estimate-token-count"]);
    }

    [Fact]
    public void Generic_server_offers_nothing_beside_chat()
    {
        using var client = Wire.Generic(VerbatimHandler.Answering(""));
        (client.GetService<IProviderFiles>(), client.GetService<IProviderBalance>(), client.GetService<ITokenCounter>()).ShouldBe((null, null, null));
    }

    [Theory]
    [InlineData(401, "{\"error\":{\"type\":\"invalid_authentication_error\",\"message\":\"no sk-abcdefghijklmnopqrstuvwxyz\"}}", ErrorCodes.ProviderAuth, "the balance, HTTP 401")]
    [InlineData(200, "{\"error\":{\"type\":\"rate_limit_reached_error\",\"message\":\"x\"}}", ErrorCodes.RateLimited, "the balance, HTTP 200")]
    [InlineData(200, "<html>", ErrorCodes.ProviderError, "web page")]
    [InlineData(200, "nonsense", ErrorCodes.ProviderError, "no JSON")]
    [InlineData(200, "{\"data\":{}}", ErrorCodes.ProviderError, "without an available_balance")]
    public async Task Failure_is_classified_by_the_tables_of_chat(int status, string body, string code, string words)
    {
        using var client = Wire.Kimi(VerbatimHandler.Failing(status, body));

        var failure = await Should.ThrowAsync<ProviderException>(() => client.GetService<IProviderBalance>()!.ReadAsync());

        (failure.Error.Code, failure.Error.Model, failure.Error.Provider).ShouldBe((code, null, "kimi"));
        failure.Message.ShouldContain(words);
        failure.Message.ShouldNotContain("abcdefghij");
    }

    [Fact]
    public async Task Unreachable_host_is_told_as_such()
    {
        using var client = Wire.Kimi(new VerbatimHandler { SendFailure = new HttpRequestException(HttpRequestError.ConnectionError) });
        (await Should.ThrowAsync<ProviderException>(() => client.GetService<IProviderBalance>()!.ReadAsync())).Message.ShouldContain("cannot reach api.moonshot.ai for the balance");
    }

    [Fact]
    public void Time_limit_ends_a_request_that_gets_no_answer() => Simulation.Run(async simulation =>
    {
        using var client = ProviderClients.Kimi(Wire.KimiEndpoint(), Wire.Catalogue, simulation.Time, new DeafHandler(simulation.Time));
        var started = simulation.Time.GetUtcNow();

        var failure = await Should.ThrowAsync<ProviderException>(() => client.GetService<IProviderBalance>()!.ReadAsync());

        (failure.Error.Code, simulation.Time.GetUtcNow() - started).ShouldBe((ErrorCodes.Timeout, TimeSpan.FromSeconds(60)));
        failure.Message.ShouldContain("60 s");
    });

    [Fact]
    public void Cancellation_passes_as_it_is() => Simulation.Run(async simulation =>
    {
        using var client = ProviderClients.Kimi(Wire.KimiEndpoint(), Wire.Catalogue, simulation.Time, new DeafHandler(simulation.Time));
        using var cancelled = new CancellationTokenSource(TimeSpan.FromSeconds(3), simulation.Time);

        await Should.ThrowAsync<OperationCanceledException>(() => client.GetService<IProviderBalance>()!.ReadAsync(cancelled.Token));
    });

    [Fact]
    public async Task Refused_services_do_not_use_the_script_of_chat()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "GET /users", Status = 500 });
        (await Should.ThrowAsync<ProviderException>(() => provider.Kimi().GetService<IProviderBalance>()!.ReadAsync(provider.Patience))).FailureClass.ShouldBe(FailureClass.RetryShort);
    }

    private sealed class DeafHandler(TimeProvider time) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            throw new InvalidOperationException("Nobody answers.");
        }
    }
}
