using System.Text.Json;
using Exai.Core.Providers;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Tests.Providers;

public sealed class ModelListTests
{
    [Fact]
    public void What_servers_add_to_their_lists_is_read()
    {
        var models = Read(
            """
            {"object":"list","data":[
              {"id":"kimi-k2.6","context_length":262144,"supports_image_in":true,"supports_reasoning":true,"supports_thinking_type":"both"},
              {"id":"x-ai/grok","context_length":131072,"architecture":{"input_modalities":["text","image"]},"top_provider":{"max_completion_tokens":4000},
               "pricing":{"prompt":"0.0000006","completion":"0.0000025","input_cache_read":"-1"}},
              {"id":"vllm-model","max_model_len":32768},
              {"id":"gguf","meta":{"n_ctx":4096,"n_ctx_train":131072}},
              {"id":"plain"},
              {"id":"text-embedding-3-small"},{"id":5},{"nothing":true},{"id":"plain"},{"id":"bad\nid"},"text"]}
            """)!;

        models.Select(model => model.Id).ShouldBe(["kimi-k2.6", "x-ai/grok", "vllm-model", "gguf", "plain"]);
        models[0].ShouldBe(new ModelDescription { Id = "kimi-k2.6", Window = 262_144, Vision = true, Thinking = ThinkingKind.Toggle });
        models[1].ShouldBe(new ModelDescription { Id = "x-ai/grok", Window = 131_072, MaxOutput = 4000, Vision = true, PriceIn = 0.6m, PriceOut = 2.5m });
        (models[2].Window, models[3].Window).ShouldBe((32_768, 4096));
        models[4].ShouldBe(new ModelDescription { Id = "plain" });
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"data":{}}""")]
    public void Something_else_is_no_list(string json) => Read(json).ShouldBeNull();

    [Fact]
    public async Task List_is_asked_for_with_the_key_and_without_a_body()
    {
        var handler = new ListHandler("""{"object":"list","data":[{"id":"a"}]}""");
        using var client = ProviderClients.Kimi(Wire.KimiEndpoint(), Wire.Catalogue, new FixedTime(), handler);

        var models = await client.GetService(typeof(IModelLister)).ShouldBeAssignableTo<IModelLister>()!.ListModelsAsync(TestContext.Current.CancellationToken);

        models.Single().Id.ShouldBe("a");
        var request = handler.Request.ShouldNotBeNull();
        (request.Method, request.RequestUri!.ToString(), request.Content).ShouldBe((HttpMethod.Get, "https://api.moonshot.ai/v1/models", null));
        request.Headers.GetValues("Authorization").Single().ShouldBe("Bearer " + Wire.KimiKey);
    }

    [Theory]
    [InlineData(401, """{"error":{"type":"invalid_authentication_error","message":"no"}}""", ErrorCodes.ProviderAuth)]
    [InlineData(404, "not here", ErrorCodes.ModelNotFound)]
    [InlineData(200, "<html>", ErrorCodes.ProviderError)]
    [InlineData(200, """{"ok":true}""", ErrorCodes.ProviderError)]
    public async Task List_that_cannot_be_had_is_a_classified_failure(int status, string body, string code)
    {
        using var client = ProviderClients.Kimi(Wire.KimiEndpoint(), Wire.Catalogue, new FixedTime(), new ListHandler(body, status));

        var failure = await Should.ThrowAsync<ProviderException>(() => ((IModelLister)client.GetService(typeof(IModelLister))!).ListModelsAsync(TestContext.Current.CancellationToken));

        (failure.Error.Code, failure.Message.Contains("its list of models", StringComparison.Ordinal)).ShouldBe((code, true));
    }

    /// <summary>Trap 189: the advice names the endpoint's own variable and address.</summary>
    [Fact]
    public async Task Failure_of_an_endpoint_speaks_of_its_own_key()
    {
        var endpoint = new ProviderEndpoint { Name = "moon-cn", BaseUrl = new Uri("https://api.moonshot.cn/v1"), ApiKey = "sk-1234567890", KeyVariable = "MOON_CN_KEY" };
        using var client = ProviderClients.Kimi(endpoint, Wire.Catalogue, new FixedTime(), new ListHandler("{}", 401));

        var failure = await Should.ThrowAsync<ProviderException>(() => ((IModelLister)client.GetService(typeof(IModelLister))!).ListModelsAsync(TestContext.Current.CancellationToken));

        failure.Message.ShouldContain("Check MOON_CN_KEY");
        failure.Message.ShouldContain("not interchangeable, the baseUrl of moon-cn says");
        failure.Message.ShouldNotContain("KIMI_API");
    }

    private static IReadOnlyList<ModelDescription>? Read(string json) => ModelListReader.Read(JsonElement.Parse(json));

    private sealed class ListHandler(string body, int status = 200) : HttpMessageHandler
    {
        public HttpRequestMessage? Request { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Request = request;
            return Task.FromResult(new HttpResponseMessage((System.Net.HttpStatusCode)status) { Content = new StringContent(body) });
        }
    }
}
